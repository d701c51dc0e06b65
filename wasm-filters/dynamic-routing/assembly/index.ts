import { setRootFactory } from "../../abi/root-context";
import { DynamicRouting } from "./dynamic-routing";

export * from "../../abi/exports";

// A factory runs after the start, when host calls are allowed.
setRootFactory((id: u32) => new DynamicRouting(id));
