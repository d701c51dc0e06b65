import { setRootFactory } from "../../abi/root-context";
import { MetadataToken } from "./metadata-token";

export * from "../../abi/exports";

// A factory runs after the start, when host calls are allowed.
setRootFactory((id: u32) => new MetadataToken(id));
