import { pathVariables } from '../../contracts/http-template.ts';
import { invalidArgument } from '../errors/rpc-error.ts';
import type { Interceptor } from '../server/served-method.ts';

/** What the gateway's transcoder leaves of a REST request. It strips what clients send under this name. */
const originalPathHeader = 'x-envoy-original-path';

/**
 * Refuses a REST request whose query names a field that its path has set: INVALID_ARGUMENT with the field. The transcoder lets the query win, so that
 * `POST /v1/orders/A:cancel?name=orders/B` would cancel B while every log says A. (What a body says against the path it refuses by itself.)
 */
export const pathBinding: Interceptor = (next, { http }) => {
  const variables = http === undefined ? [] : pathVariables(http);
  if (variables.length === 0) return next;
  return (call) => {
    const path = call.header(originalPathHeader);
    const query = path?.indexOf('?') ?? -1;
    if (path === undefined || query < 0) return next(call);
    const twice = variables.filter((variable) => namesOf(path.slice(query + 1)).some((name) => isSameField(name, variable)));
    const [first] = twice;
    if (first === undefined) return next(call);
    const description = 'is set by the path: the query must not set it as well';
    throw invalidArgument(
      `${first}: ${description}`,
      twice.map((field) => ({ field, description })),
    );
  };
};

/** The names in a query as the proto has them: the transcoder takes JSON's spelling too. */
function namesOf(query: string): string[] {
  return [...new URLSearchParams(query).keys()].map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** One may also be a message that holds the other. */
function isSameField(name: string, variable: string): boolean {
  return name === variable || name.startsWith(`${variable}.`) || variable.startsWith(`${name}.`);
}
