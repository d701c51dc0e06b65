import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, type Sampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { SamplerName } from '../process/config.ts';

/** OpenTelemetry's sampler of this name. `ratio` counts for those with "traceidratio" only: the share of traces, from 0 to 1. */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  const rootName = name.replace('parentbased_', '');
  const root =
    rootName === 'traceidratio'
      ? new TraceIdRatioBasedSampler(ratio)
      : rootName === 'always_on'
        ? new AlwaysOnSampler()
        : new AlwaysOffSampler();
  return rootName === name ? root : new ParentBasedSampler({ root });
}
