import { runService } from '../platform/chassis/process/run-service.ts';
import { manifest } from './manifest.ts';

runService({
  name: 'partner',
  manifest,
  start: async (context) => (await import('./composition.ts')).compose(context),
});
