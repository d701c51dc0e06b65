import { accessLog } from './cases/access-log.ts';
import { attacks } from './cases/attacks.ts';
import { browsers } from './cases/browsers.ts';
import { chain } from './cases/chain.ts';
import { compression } from './cases/compression.ts';
import { connections } from './cases/connections.ts';
import { limits } from './cases/limits.ts';
import { methods } from './cases/methods.ts';
import { nativeGrpc } from './cases/native-grpc.ts';
import { operations } from './cases/operations.ts';
import { plugins } from './cases/plugins.ts';
import { previews } from './cases/previews.ts';
import { responses } from './cases/responses.ts';
import { tokens } from './cases/tokens.ts';
import { tracing } from './cases/tracing.ts';
import { transcoding } from './cases/transcoding.ts';
import { upstreams } from './cases/upstreams.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** Every case, by subject. */
export const suites: Readonly<Record<string, readonly ConformanceCase[]>> = {
  methods,
  tokens,
  transcoding,
  responses,
  'native gRPC': nativeGrpc,
  browsers,
  limits,
  plugins,
  previews,
  upstreams,
  compression,
  tracing,
  'access log': accessLog,
  operations,
  chain,
  attacks,
  connections,
};

/** The cases in order. */
export const allCases: readonly ConformanceCase[] = Object.values(suites).flat();
