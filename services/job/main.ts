import { runService } from '../platform/chassis/process/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'job',
  config,
  start: async (context) => (await import('./composition.ts')).compose(context),
});
