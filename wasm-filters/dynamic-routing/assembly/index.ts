import { setPluginFactory } from "../../abi/plugin";
import { DynamicRouting } from "./dynamic-routing";

export * from "../../abi/exports";

setPluginFactory(() => new DynamicRouting());
