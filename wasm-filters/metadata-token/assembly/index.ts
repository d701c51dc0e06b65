import { setPluginFactory } from "../../abi/plugin";
import { MetadataToken } from "./metadata-token";

export * from "../../abi/exports";
export * from "../../abi/call-exports";

setPluginFactory(() => new MetadataToken());
