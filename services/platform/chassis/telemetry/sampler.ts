import { TraceFlags, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, AlwaysOnSampler, type Sampler, SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { SamplerName } from '../process/config.ts';

/** Which spans are recorded. `ratio` counts for those with "traceidratio" only: the share of traces, from 0 to 1. */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  if (name.startsWith('parentbased_')) return parentBased(rootSampler(name.slice('parentbased_'.length), ratio));
  return rootSampler(name, ratio);
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === 'traceidratio') return new TraceIdRatioBasedSampler(ratio);
  return name === 'always_on' ? new AlwaysOnSampler() : new AlwaysOffSampler();
}

const sampled = { decision: SamplingDecision.RECORD_AND_SAMPLED };
const notSampled = { decision: SamplingDecision.NOT_RECORD };

/** As the parent says, which whoever made it has checked: OpenTelemetry's own checks it again, twice, for every span. */
function parentBased(root: Sampler): Sampler {
  return {
    shouldSample: (context, ...span) => {
      const parent = trace.getSpanContext(context);
      if (parent === undefined) return root.shouldSample(context, ...span);
      return (parent.traceFlags & TraceFlags.SAMPLED) === 0 ? notSampled : sampled;
    },
    toString: () => `ParentBased{root=${root}}`,
  };
}
