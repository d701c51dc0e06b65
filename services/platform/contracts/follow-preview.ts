import type { DescService } from '@bufbuild/protobuf';
import type { Client } from './client.ts';
import { activePreviewOf } from './preview.ts';

/** A client that calls the preview which the work at hand asks for, or the default where there is no such preview. */
export function followPreview<S extends DescService>(
  { method }: S,
  name: string,
  standard: Client<S>,
  previews: ReadonlyMap<string, Client<S>>,
): Client<S> {
  type Call = (...args: unknown[]) => unknown;
  const callOf = (client: Client<S>, localName: string) => client[localName as keyof S['method']] as Call;
  const calls = Object.keys(method).map((localName): [string, Call] => [
    localName,
    (...args) => callOf(previews.get(activePreviewOf(name) ?? '') ?? standard, localName)(...args),
  ]);
  const close = () => {
    for (const client of [standard, ...previews.values()]) client.close();
  };
  return { ...Object.fromEntries(calls), close } as Client<S>;
}
