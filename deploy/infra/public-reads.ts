import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { parseHttpTemplate } from '../../services/platform/contracts/http-template.ts';
import { listMethods, type Method } from '../../services/platform/contracts/methods.ts';

/** The paths of public reads, as a URL map writes them: "*" stands for any rest. Their answers may be kept by the CDN, as long as they say so. */
export function publicReadPaths(methods: readonly Method[] = listMethods()): string[] {
  const paths = methods.flatMap(({ desc, policy, http }) => {
    const cacheable = policy?.access === Access.PUBLIC && desc.idempotency === Idempotency.NO_SIDE_EFFECTS;
    return cacheable && http?.pattern.case === 'get' ? [pathPattern(http.pattern.value)] : [];
  });
  return [...new Set(paths)];
}

function pathPattern(template: string): string {
  const { segments } = parseHttpTemplate(template);
  const wildcard = segments.findIndex((segment) => segment.includes('*'));
  return wildcard === -1 ? `/${segments.join('/')}` : `/${[...segments.slice(0, wildcard), '*'].join('/')}`;
}
