import { create, createFileRegistry, type FileRegistry } from '@bufbuild/protobuf';
import { type MethodOptions, MethodOptionsSchema } from '@bufbuild/protobuf/wkt';
import { readDescriptorSet } from '../../../services/platform/contracts/methods.ts';

/** For tests: our own protos after a change to the options of one method, such as "CustomerService/GetDeal". */
export function registryWith(name: string, change: (options: MethodOptions) => void): FileRegistry {
  const set = readDescriptorSet();
  const [service, method] = name.split('/');
  const found = set.file.flatMap((file) => file.service).find((one) => one.name === service)!;
  const desc = found.method.find((one) => one.name === method)!;
  desc.options ??= create(MethodOptionsSchema);
  change(desc.options);
  return createFileRegistry(set);
}
