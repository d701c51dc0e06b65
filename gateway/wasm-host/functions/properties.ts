import type { PropertyValue } from '../host.ts';
import { encodeProperty } from '../map-format.ts';
import { Status } from '../status.ts';
import { StreamContext } from '../stream-context.ts';
import type { Vm } from '../vm.ts';

/** Properties: the plugin's own ones from here, all others from the proxy. */
export function propertyFunctions(vm: Vm) {
  return {
    proxy_get_property(pathAt: number, pathSize: number, valueOut: number, sizeOut: number): number {
      const context = vm.context('proxy_get_property');
      const path = vm.memory.path(pathAt, pathSize);
      if (path === undefined) return Status.InvalidMemoryAccess;
      let value: PropertyValue;
      if (path.length === 1 && path[0]!.startsWith('plugin_')) value = pluginProperty(path[0]!, context.root.config);
      else if (context instanceof StreamContext) value = context.environment.property(path);
      if (value === undefined) return Status.NotFound;
      if (typeof value === 'string') return vm.memory.giveText(value, valueOut, sizeOut) ? Status.Ok : Status.InvalidMemoryAccess;
      const bytes = encodeProperty(value);
      if (bytes === undefined) return Status.SerializationFailure;
      return vm.memory.give(bytes, valueOut, sizeOut) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}

function pluginProperty(name: string, config: { readonly name: string; readonly rootId: string; readonly vmId: string }): PropertyValue {
  if (name === 'plugin_name') return config.name;
  if (name === 'plugin_root_id') return config.rootId;
  return name === 'plugin_vm_id' ? config.vmId : undefined;
}
