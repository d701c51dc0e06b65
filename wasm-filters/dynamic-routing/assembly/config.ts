import { objectFault } from "../../abi/config-object";
import { isHeaderName } from "../../abi/header-name";
import { JsonKind, JsonValue, parseJson } from "../../abi/json";
import { addressOf, utf8 } from "../../abi/memory";
import { isTag } from "./tag";

/** A service and the header that chooses its target. */
export class ServiceHeader {
  constructor(public service: string, public header: string) {}
}

export class Config {
  payloads: string[] = [];
  /** "": the choice comes in `choiceHeader`. */
  claim: string = "";
  choiceHeader: string = "";
  services: ServiceHeader[] = [];
  strippedEarly: bool = false;
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
  const whole = objectFault(json, ["payloads", "claim", "choice_header", "headers", "stripped_early"]);
  if (json === null || whole != "") return whole;
  const payloads = json.member("payloads");
  if (payloads === null || payloads.kind != JsonKind.Array || payloads.items.length == 0) {
    return '"payloads" must list the names under which jwt_authn leaves its payloads';
  }
  for (let i = 0; i < payloads.items.length; i++) {
    const payload = payloads.items[i];
    if (payload.kind != JsonKind.String || !isPathSegment(payload.text)) return '"payloads" must have texts without control characters';
    config.payloads.push(payload.text);
  }
  const claim = json.member("claim");
  if (claim !== null) {
    if (claim.kind != JsonKind.String || !isPathSegment(claim.text)) return '"claim" must be the name of a claim';
    config.claim = claim.text;
  }
  const choice = json.member("choice_header");
  if (choice === null || choice.kind != JsonKind.String || !isHeaderName(choice.text)) return '"choice_header" must be a lower-case header name';
  config.choiceHeader = choice.text;
  const stripped = json.member("stripped_early");
  if (stripped !== null) {
    if (stripped.kind != JsonKind.Boolean) return '"stripped_early" must be true or false';
    config.strippedEarly = stripped.number == 1;
  }
  return readHeaders(json.member("headers"), config);
}

function readHeaders(headers: JsonValue | null, config: Config): string {
  if (headers === null || headers.kind != JsonKind.Object || headers.names.length == 0) {
    return '"headers" must be an object with a header for each service';
  }
  const taken: string[] = [config.choiceHeader];
  for (let i = 0; i < headers.names.length; i++) {
    const service = headers.names[i];
    const header = headers.items[i];
    const bytes = utf8(service);
    if (!isTag(addressOf(bytes), bytes.byteLength)) return 'service "' + service + '" must be of lower-case letters, digits and hyphens';
    if (headers.names.indexOf(service) != i) return 'service "' + service + '" stands twice';
    if (header.kind != JsonKind.String || !isHeaderName(header.text)) return 'service "' + service + '" must have a lower-case header name';
    if (taken.includes(header.text)) return 'header "' + header.text + '" stands twice';
    taken.push(header.text);
    config.services.push(new ServiceHeader(service, header.text));
  }
  return "";
}

/** A NUL would begin another segment of a property's path. */
function isPathSegment(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x20) return false;
  }
  return text.length > 0;
}
