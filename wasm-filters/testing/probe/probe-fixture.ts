/**
 * A filter that makes the host calls of the scene which the header x-scene names, and says what came of each. What it says is what a host is held to:
 * see scenes.ts.
 */
export const probeFixture = `
/** The first stream of a scene that needs two. */
let first = 0;
let scene = "";
let counter = 0;

function property(path: string): void {
  const status = getProperty(at(path), size(path), out, out + 4);
  let line = "property " + path.replaceAll("\\0", ".") + "=" + status.toString();
  if (status == 0) line += " " + bytes();
  say(line);
}
/** The last result: as text where it is printable ASCII, in hexadecimal otherwise. */
function bytes(): string {
  const start = load<u32>(out), length = load<i32>(out + 4);
  let hex = "", printable = true;
  for (let i = 0; i < length; i++) {
    const c: i32 = load<u8>(start + i);
    if (c < 0x20 || c > 0x7e) printable = false;
    hex += (c < 16 ? "0" : "") + c.toString(16);
  }
  return printable ? '"' + given() + '"' : hex;
}
function get(name: string): void {
  const status = getHeader(0, at(name), size(name), out, out + 4);
  say("get " + name + "=" + status.toString() + (status == 0 ? " " + bytes() : ""));
}
function replace(name: string, value: string): void { tell("replace " + name, replaceHeader(0, at(name), size(name), at(value), size(value))); }
function remove(name: string): void { tell("remove " + name, removeHeader(0, at(name), size(name))); }
function buffer(what: string, start: i32, length: i32): void {
  const status = getBuffer(4, start, length, out, out + 4);
  say(what + "=" + status.toString() + (status == 0 ? " " + bytes() : ""));
}
function good(path: string): string[] { return [":method", "GET", ":path", path, ":authority", "calls"]; }

export function proxy_on_configure(root: i32, size: i32): i32 {
  tell("configuration", getBuffer(7, 0, size, out, out + 4));
  say("configuration " + bytes());
  tell("past its end", getBuffer(7, size + 1, 10, out, out + 4));
  tell("no such buffer", getBuffer(99, 0, 10, out, out + 4));
  tell("header of the root", getHeader(0, at("x"), 1, out, out + 4));
  tell("reply of the root", reply(503, "x"));
  tell("continue of the root", continueStream(0));
  tell("metric", defineMetric(0, at("probe"), 5, out)); counter = load<i32>(out);
  tell("metric again", defineMetric(0, at("probe"), 5, out)); tell("the same", load<i32>(out) == counter ? 1 : 0);
  tell("unknown kind", defineMetric(7, at("probe2"), 6, out));
  tell("count", incrementMetric(counter, 2));
  tell("gauge", defineMetric(1, at("probe_gauge"), 11, out));
  const gauge = load<i32>(out);
  tell("up", incrementMetric(gauge, 3)); tell("down", incrementMetric(gauge, -2));
  tell("unknown metric", incrementMetric(4096, 1));
  tell("clock", currentTime(out));
  return 1;
}

export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
  scene = header("x-scene");
  if (scene == "properties") {
    property("xds\\0cluster_name"); property("xds\\0route_name"); property("cluster_name"); property("route_name");
    property("request\\0path"); property("request\\0nothing"); property("nothing"); property("");
    const payload = "metadata\\0filter_metadata\\0envoy.filters.http.jwt_authn\\0payload";
    property(payload + "\\0text"); property(payload + "\\0number"); property(payload + "\\0yes"); property(payload + "\\0no");
    property(payload + "\\0nothing"); property(payload + "\\0list"); property(payload + "\\0list\\0" + "1"); property(payload + "\\0list\\0x");
    property(payload + "\\0map"); property(payload + "\\0map\\0a"); property(payload + "\\0text\\0deeper"); property(payload + "\\0missing");
    property(payload + "\\0missing\\0deeper"); property(payload + "\\0nothing\\0deeper"); property(payload + "\\0list\\0" + "2"); property(payload + "\\0nested"); property(payload + "\\0hole"); property(payload + "\\0hole\\0a");
    property(payload + "\\0hole\\0b"); property(payload + "\\0empty"); property(payload + "\\0emptymap"); property(payload + "\\0emptylist");
    property(payload + "\\0listhole");
    property("metadata\\0filter_metadata\\0envoy.filters.http.jwt_authn\\0another\\0text"); property("metadata\\0filter_metadata\\0another\\0x");
    property("plugin_name"); property("plugin_root_id");
  }
  if (scene == "headers") {
    get("x-one"); get("X-One"); get("x-twice"); get("x-none"); get("x-empty"); get(""); get(":path"); get(":method"); get("host"); get(":authority");
    replace("x-twice", "c"); get("x-twice"); replace("x-new", "d"); replace("x-one", ""); get("x-one"); replace("", "e");
    replace("X-Upper", "f"); get("x-upper"); remove("x-gone"); remove("x-gone"); get("x-gone"); remove("x-never"); remove("");
    tell("no such map", getHeader(99, at("x"), 1, out, out + 4)); tell("response", getHeader(2, at("x"), 1, out, out + 4));
    tell("trailers", getHeader(1, at("x"), 1, out, out + 4)); tell("call", getHeader(6, at("x"), 1, out, out + 4));
    tell("call body", getBuffer(4, 0, 10, out, out + 4)); tell("configuration", getBuffer(7, 0, 10, out, out + 4));
    tell("no such buffer", getBuffer(9, 0, 10, out, out + 4));
  }
  if (scene == "calls that do not start") {
    tell("no such cluster", call("nowhere", good("/ok")));
    tell("no host", call("empty", good("/ok")));
    tell("no path", call("calls", [":method", "GET", ":authority", "a"]));
    tell("no method", call("calls", [":path", "/ok", ":authority", "a"]));
    tell("no authority", call("calls", [":method", "GET", ":path", "/ok"]));
  }
  if (scene.startsWith("call ")) {
    const words = scene.split(" ");
    first = id;
    tell(scene, call(words[1], good(words[2]), 300));
    return 1;
  }
  if (scene == "reply") { tell("reply", reply(418, "teapot", "short and stout")); get("x-one"); return 1; }
  if (scene == "reply and go on") { tell("reply", reply(418, "teapot", "short")); return 0; }
  if (scene == "reply twice") { tell("first", reply(418, "one", "one")); tell("second", reply(500, "two", "two")); return 1; }
  if (scene == "reply then continue") { tell("reply", reply(418, "one", "one")); tell("continue", continueStream(0)); return 1; }
  if (scene == "continue then reply") { tell("continue", continueStream(0)); tell("reply", reply(418, "one", "one")); return 1; }
  if (scene == "continue at once") { tell("continue", continueStream(0)); replace("x-one", "late"); return 1; }
  if (scene == "no such stream") { tell("effective", setEffectiveContext(99999)); tell("continue", continueStream(7)); return 0; }
  if (scene == "wait until it is gone") { first = id; setTickPeriod(20); return 1; }
  if (scene == "wait") return 1;
  if (scene == "mark") say("mark");
  if (scene == "trap") { unreachable(); }
  if (scene == "recurse") { tell("deep", deep(1)); }
  if (scene == "abort") { const empty: i32[] = []; tell("beyond the end", empty[headers]); }
  if (scene == "far pointers") {
    tell("log", log(2, 0x7ffffff0, 32)); tell("property", getProperty(0x7ffffff0, 1, out, out + 4)); tell("value", getHeader(0, at(":path"), 5, 0x7ffffff0, out));
    tell("header", replaceHeader(0, at("x"), 1, 0x7ffffff0, 4)); tell("time", currentTime(0x7ffffff0));
  }
  return 0;
}
function deep(n: i32): i32 { return n == 0 ? 0 : deep(n + 1) + 1; }

export function proxy_on_http_call_response(root: i32, id: i32, headers: i32, body: i32, trailers: i32): void {
  tell("has headers", headers > 0 ? 1 : 0);
  tell("trailers", trailers);
  const status = getHeader(6, at(":status"), 7, out, out + 4);
  say("status " + status.toString() + (status == 0 ? " " + given() : ""));
  buffer("body", 0, 1000); buffer("part", 1, 2); buffer("past its end", 1000, 1);
  tell("write", replaceHeader(6, at("x"), 1, at("y"), 1));
  tell("request without its context", getHeader(0, at(":path"), 5, out, out + 4));
  tell("effective", setEffectiveContext(first));
  replace("x-one", "changed");
  tell("continue", continueStream(0));
  replace("x-one", "changed late"); remove("x-one"); get("x-one");
  tell("continue again", continueStream(0));
}

export function proxy_on_tick(root: i32): void {
  if (scene != "wait until it is gone") return;
  const status = setEffectiveContext(first);
  if (status == 0) return;
  scene = "";
  setTickPeriod(0);
  tell("effective", status); replace("x-one", "late"); tell("continue", continueStream(0)); tell("reply", reply(418, "x"));
}
`;
