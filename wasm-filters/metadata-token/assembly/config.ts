import { JsonKind, JsonValue, parseJson } from "./json";

/** A cluster and the audience of its tokens; "" is a cluster whose requests go without a token. */
export class Target {
  constructor(public cluster: string, public audience: string) {}
}

export class Config {
  metadataCluster: string = "";
  tokenHeader: string = "";
  targets: Target[] = [];
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
  if (json === null) return "it is not valid JSON";
  if (json.kind != JsonKind.Object) return "it is not a JSON object";
  for (let i = 0; i < json.names.length; i++) {
    const name = json.names[i];
    if (json.names.indexOf(name) != i) return '"' + name + '" stands twice';
    if (name != "metadata_cluster" && name != "token_header" && name != "audiences") {
      return 'unknown field "' + name + '"; the fields are "metadata_cluster", "token_header" and "audiences"';
    }
  }
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
  const audiences = json.member("audiences");
  if (audiences === null || audiences.kind != JsonKind.Object || audiences.names.length == 0) {
    return '"audiences" must be an object of cluster names and audiences, with one at least';
  }
  return readTargets(audiences, config);
}

function readTargets(audiences: JsonValue, config: Config): string {
  for (let i = 0; i < audiences.names.length; i++) {
    const cluster = audiences.names[i];
    const audience = audiences.items[i];
    if (cluster == "") return 'a cluster name in "audiences" is empty';
    if (audiences.names.indexOf(cluster) != i) return '"audiences" names cluster "' + cluster + '" twice';
    if (audience.kind != JsonKind.Null && (audience.kind != JsonKind.String || !isVisibleAscii(audience.text))) {
      return 'the audience of cluster "' + cluster + '" must be a text of visible ASCII, or null for requests without a token';
    }
    config.targets.push(new Target(cluster, audience.text));
  }
  return "";
}

/** RFC 9110's token, in lower case. */
function isHeaderName(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letterOrDigit = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (!letterOrDigit && "!#$%&'*+-.^_`|~".indexOf(text.charAt(i)) < 0) return false;
  }
  return text.length > 0;
}

function isVisibleAscii(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x21 || c > 0x7e) return false;
  }
  return text.length > 0;
}
