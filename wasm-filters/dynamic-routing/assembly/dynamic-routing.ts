import { hasRequestHeader, readRequestHeader, removeRequestHeader, replaceRequestHeader } from "../../abi/headers";
import { FilterHeadersStatus, Status } from "../../abi/host";
import { logError } from "../../abi/log";
import { addressOf, releaseResult, resultPointer, resultSize, utf8 } from "../../abi/memory";
import { Counter } from "../../abi/metrics";
import { Plugin } from "../../abi/plugin";

import { readProperty, sendLocalReply } from "../../abi/stream";
import { Choice } from "./choice";
import { Config, parseConfig } from "./config";

/** A payload that jwt_authn may have left. */
class Payload {
  /** Is there when the token was verified and, where a claim is configured, makes a choice. */
  presence: ArrayBuffer;
  /** The target of each service, in the order of the configuration. */
  targets: ArrayBuffer[] = [];

  constructor(name: string, config: Config) {
    const payload = "metadata\0filter_metadata\0envoy.filters.http.jwt_authn\0" + name + "\0";
    // Every verified token has an issuer.
    this.presence = utf8(payload + (config.claim == "" ? "iss" : config.claim));
    for (let i = 0; i < config.services.length; i++) this.targets.push(utf8(payload + config.claim + "\0" + config.services[i].service));
  }
}

/** The filter: headers that choose the targets of services, only ever from what a verified token says or lets say. */
export class DynamicRouting extends Plugin {
  private byClaim: bool = false;
  private strippedEarly: bool = false;
  private choiceHeader: ArrayBuffer = new ArrayBuffer(0);
  private services: ArrayBuffer[] = [];
  private headers: ArrayBuffer[] = [];
  private payloads: Payload[] = [];
  private lastClaim: ArrayBuffer = new ArrayBuffer(0);
  private lastChoice: Choice | null = null;
  private chosen: Counter = new Counter("dynamic_routing_chosen");
  private refused: Counter = new Counter("dynamic_routing_refused");
  private spoofed: Counter = new Counter("dynamic_routing_spoofed");

  onConfigure(text: string): bool {
    const config = parseConfig(text);
    if (config.fault != "") {
      logError("dynamic-routing: the plugin configuration is wrong: " + config.fault);
      return false;
    }
    this.byClaim = config.claim != "";
    this.strippedEarly = config.strippedEarly;
    this.choiceHeader = utf8(config.choiceHeader);
    for (let i = 0; i < config.services.length; i++) {
      this.services.push(utf8(config.services[i].service));
      this.headers.push(utf8(config.services[i].header));
    }
    for (let i = 0; i < config.payloads.length; i++) this.payloads.push(new Payload(config.payloads[i], config));
    return true;
  }

  onRequestHeaders(stream: u32): u32 {
    const choice = this.read();
    if (this.strippedEarly && this.byClaim) {
      // No client's copy of any of the headers gets here.
      return choice === null || this.write(choice) ? FilterHeadersStatus.Continue : this.fail();
    }
    return this.removeForeign(choice) && (choice === null || this.write(choice)) ? FilterHeadersStatus.Continue : this.fail();
  }

  /** Removes what the client has sent under our names, the choice that it may bring included: that has been read. False where it cannot. */
  private removeForeign(choice: Choice | null): bool {
    let spoofed = false;
    // Headers are looked for before they are removed: each change has the route matched again.
    for (let i = 0; !this.strippedEarly && i < this.headers.length; i++) {
      if (!hasRequestHeader(this.headers[i])) continue;
      spoofed = true;
      if (!removeRequestHeader(this.headers[i])) return false;
    }
    if (hasRequestHeader(this.choiceHeader)) {
      if (this.byClaim || choice === null) spoofed = true;
      if (!removeRequestHeader(this.choiceHeader)) return false;
    }
    if (spoofed) this.spoofed.increment();
    return true;
  }

  /** What the request asks for, by its token; null where that says nothing. */
  private read(): Choice | null {
    for (let i = 0; i < this.payloads.length; i++) {
      const status = readProperty(this.payloads[i].presence);
      if (status == Status.Ok) {
        if (this.byClaim) return this.readClaim(this.payloads[i]);
        releaseResult();
        return this.readHeader();
      }
      if (status == Status.SerializationFailure) return this.readMembers(this.payloads[i]);
    }
    return null;
  }

  /** The claim lies in the result slot. Often it is the one that was read last: then nothing is made anew. */
  private readClaim(payload: Payload): Choice | null {
    const size = resultSize();
    if (size == this.lastClaim.byteLength && memory.compare(addressOf(this.lastClaim), resultPointer(), size) == 0) {
      releaseResult();
      return this.lastChoice;
    }
    const choice = new Choice(this.services);
    const good = choice.takeObject(resultPointer(), size);
    if (good) {
      this.lastClaim = new ArrayBuffer(size);
      memory.copy(addressOf(this.lastClaim), resultPointer(), size);
      this.lastChoice = choice.isEmpty ? null : choice;
    }
    releaseResult();
    return good ? this.lastChoice : this.readMembers(payload);
  }

  /**
   * Reads the claim service by service. A null in a claim keeps it from being read as a whole, but not its other members; and as a whole a list of
   * texts looks like an object that has them as names, of empty targets.
   */
  private readMembers(payload: Payload): Choice | null {
    const choice = new Choice(this.services);
    let good = true;
    for (let i = 0; i < payload.targets.length; i++) {
      if (readProperty(payload.targets[i]) != Status.Ok) continue;
      if (!choice.set(i, resultPointer(), resultSize())) good = false;
      releaseResult();
    }
    if (!good) this.refused.increment();
    return choice.isEmpty ? null : choice;
  }

  private readHeader(): Choice | null {
    if (!readRequestHeader(this.choiceHeader)) return null;
    const choice = new Choice(this.services);
    if (!choice.parse(resultPointer(), resultSize())) this.refused.increment();
    releaseResult();
    return choice;
  }

  /** Sets the headers, and has the route chosen anew with it: in ABI 0.2.1 each change of a request's headers does that. */
  private write(choice: Choice): bool {
    for (let i = 0; i < choice.targets.length; i++) {
      const target = choice.targets[i];
      if (target !== null && !replaceRequestHeader(this.headers[i], target)) return false;
    }
    const whole = choice.encode();
    if (whole === null) return true;
    this.chosen.increment();
    return replaceRequestHeader(this.choiceHeader, whole);
  }

  /** Headers that cannot be changed must not go on: a client may have written them. */
  private fail(): u32 {
    sendLocalReply(503, "dynamic_routing_failed", "The gateway cannot route this request.\n");
    return FilterHeadersStatus.StopIteration;
  }
}
