import { runService } from '../../../../services/platform/chassis/process/run-service.ts';
import { manifest } from './manifest.ts';

runService({
  name: 'notes',
  manifest,
  start: async (context) => (await import('./composition.ts')).compose(context),
});
