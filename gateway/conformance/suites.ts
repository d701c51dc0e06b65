import { attacks } from './cases/attacks.ts';
import { chain } from './cases/chain.ts';
import { connections } from './cases/connections.ts';
import { filters } from './cases/filters.ts';
import { forms } from './cases/forms.ts';
import { jwtRules } from './cases/jwt-rules.ts';
import { nativeGrpc } from './cases/native-grpc.ts';
import { responses } from './cases/responses.ts';
import { routing } from './cases/routing.ts';
import { tokens } from './cases/tokens.ts';
import { tracing } from './cases/tracing.ts';
import { transcoding } from './cases/transcoding.ts';
import { upstreams } from './cases/upstreams.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** Every case, by subject. */
export const suites: Readonly<Record<string, readonly ConformanceCase[]>> = {
  tokens,
  'JWT rules': jwtRules,
  transcoding,
  forms,
  responses,
  'native gRPC': nativeGrpc,
  filters,
  routing,
  upstreams,
  tracing,
  chain,
  attacks,
  connections,
};

/** The cases in order. */
export const allCases: readonly ConformanceCase[] = Object.values(suites).flat();
