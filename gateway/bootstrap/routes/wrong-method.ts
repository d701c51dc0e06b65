import { templateKey } from '../../../services/platform/contracts/http-template.ts';
import { bodyLimitName } from '../filters/body-limit.ts';
import { transcoderName } from '../filters/grpc-json-transcoder.ts';
import { jwtAuthnName, takenBy, tokenOf } from '../filters/jwt-authn.ts';
import { rbacName, rbacOff } from '../filters/rbac.ts';
import { wasmFilterName } from '../filters/wasm-filter.ts';
import { without } from '../filters/without.ts';
import type { GatewayMethod } from '../gateway-methods.ts';
import type { PlacedRoute } from './route-tree.ts';
import { compareTemplates, templatePrefix, templateRegex } from './template-matching.ts';

/**
 * One route for each REST path, behind those of its methods, so that no request of a method comes by: 405 with Allow (RFC 9110 15.5.6). Which methods a path
 * takes is told to whoever may know of the path: everybody where one of them is public, others by any good token. The filters that would answer first are
 * left out. OPTIONS is not among them: preflights have a route of their own.
 */
export function wrongMethodRoutes(methods: readonly GatewayMethod[]): PlacedRoute[] {
  const bindings = methods.flatMap((method) => method.bindings.map((binding) => ({ access: method.access, ...binding })));
  const templates = new Map(bindings.map(({ template }) => [templateKey(template), template]));
  return [...templates]
    .map(([key, template]) => ({ key, own: bindings.filter((binding) => templateKey(binding.template) === key), template }))
    .sort((a, b) => compareTemplates(a.template, b.template))
    .map(({ key, own, template }) => {
      const allow = [...new Set(own.map(({ httpMethod }) => httpMethod))].sort().join(', ');
      const requirement = own.some(({ access }) => access === 'public') ? 'none' : 'any';
      const notOptions = { name: ':method', string_match: { exact: 'OPTIONS' }, invert_match: true };
      const route = {
        name: `wrong-method${key}`,
        match: { safe_regex: { regex: templateRegex(template) }, headers: [notOptions] },
        direct_response: { status: 405, body: { inline_string: `this path takes ${allow}` } },
        response_headers_to_add: [{ header: { key: 'allow', value: allow } }],
        ...takenBy(requirement),
        typed_per_filter_config: {
          [jwtAuthnName]: tokenOf(requirement),
          [rbacName]: rbacOff(),
          ...without([bodyLimitName, transcoderName, wasmFilterName]),
        },
      };
      return { prefix: templatePrefix(template), route };
    });
}
