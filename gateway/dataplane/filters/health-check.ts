import * as z from 'zod';
import { headerMatcher } from '../config/matcher-config.ts';
import { list, readConfig } from '../config/read-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import { compileHeaderMatcher } from '../matchers.ts';

const config = z.strictObject({ pass_through_mode: z.literal(false), headers: list(headerMatcher) });

/** Answers health checks by itself. */
export const healthCheck: FilterFactory = {
  name: 'envoy.filters.http.health_check',
  type: 'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  create: (fields, { path }) => {
    const matchers = readConfig(config, fields, path).headers.map(compileHeaderMatcher);
    return {
      name: 'envoy.filters.http.health_check',
      decodeHeaders: (stream) => {
        if (!matchers.every((matches) => matches(stream.request))) return 'continue';
        stream.healthCheck = true;
        const { draining, healthy } = stream.manager;
        const ok = healthy && !draining;
        stream.sendLocalReply({ status: ok ? 200 : 503, details: ok ? 'health_check_ok' : 'health_check_failed' });
        return 'stop';
      },
    };
  },
};
