import { runService } from '../chassis/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'customer',
  config,
  start: async (context) => (await import('./composition.ts')).compose(context),
});
