import { objectFault } from "../../abi/config-object";
import { isHeaderName } from "../../abi/header-name";
import { JsonKind, JsonValue, parseJson } from "../../abi/json";

export enum TokenKind { None, Identity, Access }

/** A cluster and what its requests get: an ID token for an audience, an access token for scopes, or nothing. */
export class Target {
  constructor(public cluster: string, public kind: TokenKind, /** The audience, or the scopes joined with commas. */ public purpose: string) {}

  sameToken(other: Target): bool { return this.kind == other.kind && this.purpose == other.purpose; }
}

export class Config {
  metadataCluster: string = "";
  tokenHeader: string = "";
  targets: Target[] = [];
  notFoundRoutes: string[] = [];
  answeringRoutes: string[] = [];
  /** What is wrong with the configuration; "" where nothing is. */
  fault: string = "";
}

/** Reads the plugin configuration. See README.md for its fields. */
export function parseConfig(text: string): Config {
  const config = new Config();
  config.fault = read(text, config);
  return config;
}

function read(text: string, config: Config): string {
  const json = parseJson(text);
  const whole = objectFault(json, ["metadata_cluster", "token_header", "audiences", "access_token_scopes", "not_found_routes", "answering_routes"]);
  if (json === null || whole != "") return whole;
  const cluster = json.member("metadata_cluster");
  if (cluster === null || cluster.kind != JsonKind.String || cluster.text == "") {
    return '"metadata_cluster" must be the name of the metadata server\'s cluster';
  }
  config.metadataCluster = cluster.text;
  const header = json.member("token_header");
  if (header === null || header.kind != JsonKind.String || !isHeaderName(header.text)) {
    return '"token_header" must be a lower-case header name';
  }
  config.tokenHeader = header.text;
  const fault = readTargets(json, "audiences", TokenKind.Identity, config);
  if (fault != "") return fault;
  const scopesFault = readTargets(json, "access_token_scopes", TokenKind.Access, config);
  if (scopesFault != "") return scopesFault;
  const notFoundFault = readRoutes(json, "not_found_routes", config.notFoundRoutes);
  if (notFoundFault != "") return notFoundFault;
  const answeringFault = readRoutes(json, "answering_routes", config.answeringRoutes);
  if (answeringFault != "") return answeringFault;
  return config.targets.length == 0 ? 'there is no cluster in "audiences" or "access_token_scopes"' : "";
}

function readTargets(json: JsonValue, field: string, kind: TokenKind, config: Config): string {
  const purposes = json.member(field);
  if (purposes === null) return "";
  if (purposes.kind != JsonKind.Object) return '"' + field + '" must be an object, by cluster name';
  for (let i = 0; i < purposes.names.length; i++) {
    const cluster = purposes.names[i];
    const purpose = purposes.items[i];
    if (cluster == "") return 'a cluster name in "' + field + '" is empty';
    if (hasCluster(config.targets, cluster)) return 'cluster "' + cluster + '" stands twice';
    if (purpose.kind == JsonKind.Null) {
      config.targets.push(new Target(cluster, TokenKind.None, ""));
    } else if (purpose.kind == JsonKind.String && isVisibleAscii(purpose.text)) {
      config.targets.push(new Target(cluster, kind, purpose.text));
    } else {
      return 'cluster "' + cluster + '" in "' + field + '" must have a text of visible ASCII, or null for requests without a token';
    }
  }
  return "";
}

function readRoutes(json: JsonValue, field: string, names: string[]): string {
  const routes = json.member(field);
  if (routes === null) return "";
  const fault = '"' + field + '" must list names of routes, each alone or followed by "*"';
  if (routes.kind != JsonKind.Array) return fault;
  for (let i = 0; i < routes.items.length; i++) {
    const route = routes.items[i];
    // "*" alone would let every request pass whose cluster cannot be read.
    if (route.kind != JsonKind.String || route.text == "" || route.text == "*") return fault;
    names.push(route.text);
  }
  return "";
}

function hasCluster(targets: Target[], cluster: string): bool {
  for (let i = 0; i < targets.length; i++) {
    if (targets[i].cluster == cluster) return true;
  }
  return false;
}

function isVisibleAscii(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x21 || c > 0x7e) return false;
  }
  return text.length > 0;
}
