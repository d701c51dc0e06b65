import * as z from 'zod';
import { list, readConfig } from '../config/read-config.ts';
import { headerValueOption } from '../config/route-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import { compileHeaderValue, type HeaderEdit } from '../header-edits.ts';

const mutation = z.union([z.strictObject({ remove: z.string().min(1).toLowerCase() }), z.strictObject({ append: headerValueOption })]);

/** envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation. */
export const headerMutationConfig = z.strictObject({ mutations: list(mutation) });

const filterConfig = z.strictObject({
  mutations: z.strictObject({ request_mutations: list(mutation), response_mutations: list(mutation) }).prefault({}),
});

/** Compiles mutations in order. */
export function compileMutations(mutations: z.output<typeof headerMutationConfig>['mutations']): HeaderEdit[] {
  const removed = new Set(mutations.flatMap((one) => ('remove' in one ? [one.remove] : [])));
  // Where all only remove, one pass over the headers does it.
  if (removed.size === mutations.length) return removed.size === 0 ? [] : [(headers) => headers.removeWhere((name) => removed.has(name))];
  return mutations.map((one) => ('remove' in one ? (headers) => headers.remove(one.remove) : compileHeaderValue(one.append)));
}

/** Changes headers of requests and responses. */
export const headerMutation: FilterFactory = {
  name: 'envoy.filters.http.header_mutation',
  type: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  create: (fields, { path }) => {
    const { mutations } = readConfig(filterConfig, fields, path);
    const requestEdits = compileMutations(mutations.request_mutations);
    const responseEdits = compileMutations(mutations.response_mutations);
    return {
      name: 'envoy.filters.http.header_mutation',
      decodeHeaders: (stream) => {
        for (const edit of requestEdits) edit(stream.request, stream);
        return 'continue';
      },
      encodeHeaders: (stream, headers) => {
        for (const edit of responseEdits) edit(headers, stream);
        return 'continue';
      },
    };
  },
};
