import { createFileRegistry, type DescFile } from '@bufbuild/protobuf';
import { listGatewayMethods } from '../gateway/bootstrap/gateway-methods.ts';
import { methodsFor } from '../gateway/openapi/audience.ts';
import { readDescriptorSet } from '../services/platform/contracts/methods.ts';

/** What errors carry is in no method's messages. */
const ofErrors = ['google/rpc/error_details', 'google/rpc/status'];

/** The methods of partners and apps. */
export function clientMethods() {
  const methods = listGatewayMethods('edge');
  return [...methodsFor('customers', methods), ...methodsFor('partners', methods)];
}

/** The protos of these methods with all that they import, by their names without ".proto"; not those of google.protobuf, which every generator has. */
export function clientFiles(): ReadonlySet<string> {
  const errors = [...createFileRegistry(readDescriptorSet()).files].filter(({ name }) => ofErrors.includes(name));
  return withImports([...clientMethods().map(({ desc }) => desc.parent.file), ...errors], new Set());
}

function withImports(files: readonly DescFile[], found: Set<string>): ReadonlySet<string> {
  for (const file of files) {
    if (found.has(file.name) || file.name.startsWith('google/protobuf/')) continue;
    found.add(file.name);
    withImports(file.dependencies, found);
  }
  return found;
}
