import { callFunctions } from './functions/calls.ts';
import { headerFunctions } from './functions/headers.ts';
import { propertyFunctions } from './functions/properties.ts';
import { streamFunctions } from './functions/streams.ts';
import { systemFunctions } from './functions/system.ts';
import type { Vm } from './vm.ts';

/** Everything that a module can import from `env`. Types as in check-module.ts, which has checked the module's imports against them. */
export function hostFunctions(vm: Vm): Record<string, (...args: never[]) => unknown> {
  return {
    ...systemFunctions(vm),
    ...headerFunctions(vm),
    ...propertyFunctions(vm),
    ...streamFunctions(vm),
    ...callFunctions(vm),
  };
}
