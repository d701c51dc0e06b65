import * as z from 'zod';
import { readConfig } from '../config/read-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import type { HttpStream } from '../http-stream.ts';
import { compilePolicies, rbacRules } from '../rbac-rules.ts';

const name = 'envoy.filters.http.rbac';
const config = z.strictObject({ rules: rbacRules.optional(), rules_stat_prefix: z.string().optional() });
const perRouteConfig = z.strictObject({ rbac: config.optional() });

interface PerRoute {
  readonly allows: ((stream: HttpStream) => boolean) | undefined;
}

/** Allows or denies by policies of permissions and principals. */
export const rbac: FilterFactory = {
  name,
  type: 'envoy.extensions.filters.http.rbac.v3.RBAC',
  perRoute: (type, fields, path): PerRoute | undefined => {
    if (type !== 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute') return undefined;
    // Without rules the filter is off on that route.
    const { rbac: own } = readConfig(perRouteConfig, fields, path);
    return { allows: own?.rules === undefined ? undefined : compilePolicies(own.rules) };
  },
  create: (fields, { path }) => {
    const { rules } = readConfig(config, fields, path);
    const common: PerRoute = { allows: rules === undefined ? undefined : compilePolicies(rules) };
    return {
      name,
      decodeHeaders: (stream) => {
        const { allows } = (stream.route?.filterConfig.get(name) as PerRoute | undefined) ?? common;
        if (allows === undefined || allows(stream)) return 'continue';
        stream.sendLocalReply({ status: 403, body: 'RBAC: access denied', details: 'rbac_access_denied_matched_policy[none]' });
        return 'stop';
      },
    };
  },
};
