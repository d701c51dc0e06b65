/** What our gateways promise and rely on of Envoy, a row for each: `says` is the short form of what cases prove on it. coverage.test.ts refuses thin rows. */
export const facts = {
  'methods.access': 'Every method serves the callers that its access option names, and nobody else: by gRPC and by each REST binding.',
  'methods.bindings': 'Each REST binding of every method reaches it, with what its path and body say.',
  'methods.deadlines': 'Every method’s deadline and one second more goes upstream as grpc-timeout.',
  'methods.apart': 'What a gateway does not offer is not there: methods of the other one, and those that services call among themselves.',

  'jwt.rules': 'What no method’s route matches needs a token all the same: 401 without, 404 with.',
  'jwt.order': 'Issuer, times, audience (403), lifetime, key, signature, in this order, each with its own text.',
  'jwt.whose': 'A token of another kind of caller is told whose tokens the method takes.',
  'jwt.challenge': '401 and 403 of the token check carry www-authenticate, with error="invalid_token" unless the token is missing.',
  'jwt.audiences': 'Audiences are compared without scheme and trailing slash; aud may be a list.',
  'jwt.extraction': 'Only `Authorization: Bearer` brings a token; there may be one.',
  'jwt.requirements': 'Public methods look at no token; where there are previews a good one counts and a bad one does not.',
  'jwt.jwks': 'An unknown key id is refused.',
  'jwt.algorithms': 'RS256 and ES256; never none, never HMAC by a public key; kid and alg must agree.',

  'transcoder.unknown': 'Neither unknown paths nor unknown parameters pass: 404, 400.',
  'transcoder.wrong-method':
    'Another method on a path that there is: 405 with Allow; to everybody where one of its methods is public, else by a token.',
  'transcoder.rewrite': 'Path, method, content-type, te and the x-envoy-original headers of a transcoded request.',
  'transcoder.paths': 'Trailing slashes are dropped; custom verbs; literals compare by case.',
  'transcoder.variables': 'Single-segment variables are decoded whole; longer ones keep reserved characters.',
  'transcoder.query': 'Both spellings, "+" literal, no "=" ignored.',
  'transcoder.spellings': 'Both spellings of one field in a body: the last wins.',
  'transcoder.body': 'Unknown fields ignored, empty is {}, collisions with the path refused.',
  'transcoder.http-body': 'google.api.HttpBody is raw bytes with their content type, both ways.',
  'transcoder.status': 'HTTP status of a unary reply by its gRPC status; 503 where it is missing; what is no gRPC passes.',
  'transcoder.convert-status': 'google.rpc.Status as JSON, details included; an unknown detail type empties the body.',
  'transcoder.server-streaming': 'One JSON text for each line, as application/x-ndjson; an error within ends a well-formed body.',
  'transcoder.answers': 'REST sees nothing of the status of gRPC but in its own form.',

  'native.introspection': 'Reflection and health checks are open to everybody on a laptop, and closed in production.',
  'native.pass-through': 'gRPC passes as it is, with errors, streams and trailers.',

  'local-replies.json': 'What the gateway itself answers to REST is google.rpc.Status as JSON, also behind the transcoder.',
  'local-replies.grpc': 'What the gateway itself answers to gRPC is trailers-only, with a status by the HTTP status.',

  'limits.bodies': 'A REST body above its method’s limit is 413; streams and native gRPC have no such limit.',
  'limits.rates': 'A bucket for each client address and each verified caller; 429, gRPC 8.',

  'browsers.cors': 'Preflights of known origins get 200 at the edge; others get no CORS headers.',

  'browsers.grpc-web': 'gRPC-Web, unary and streaming, is gRPC behind the edge, and is told of refusals in its own form.',
  'browsers.connect': 'Unary Connect with binary messages is gRPC behind the edge; with JSON it is not translated.',

  'filters.compressor': 'JSON by brotli or gzip, as the client prefers; it stands before the transcoder, since responses run in reverse.',

  'wasm.token': 'Every request brings the gateway’s own token for the service of its route, previews included.',
  'wasm.refusal': 'Without that token it is refused.',
  'wasm.previews': 'A verified token chooses the preview; headers of clients never do.',
  'wasm.failure-policy': 'A plugin that traps refuses, and is made anew.',

  'router.deadlines': '504 and gRPC 4 when they pass; a client’s own is capped and passed on.',
  'router.retries': 'Only methods that may happen twice, at most twice more.',
  'router.caching': 'Public reads that succeed may be kept for five seconds, nothing else at all.',

  'hcm.edge-limits': 'Underscores, header size and count, slow headers, silent streams.',
  'hcm.paths': '"#" is 400; escaped slashes, dot segments, merging, in this order.',
  'hcm.forwarding': 'The client’s address and scheme by trusted hops.',
  'hcm.early-strip': 'Internal headers of clients are gone before the first route match.',
  'hcm.tracing':
    'traceparent is followed, and goes on with a span of the gateway’s; a malformed one passes; without one the request id decides.',

  'hcm.trace-of-answers': 'Every answer has its trace in traceparent where the gateway traces, its own refusals included.',

  'access-log.fields': 'A line of JSON for each request, with what Cloud Logging reads; never a token.',
  'access-log.flush': 'It is there within a second.',

  'operations.health-check': '200 without a token, and 503 after /healthcheck/fail.',
  'operations.drain': 'Connections are told to go while requests are served; then none is taken.',

  'upstream.tls': 'Certificates are checked by authority and name.',
  'upstream.authority': ':authority is the upstream’s own on every route.',
  'upstream.user-token': 'The user’s token travels on in authorization, the gateway’s own in x-serverless-authorization.',
  'upstream.stripped-signature': 'A token whose signature the platform took away verifies nowhere.',

  'chain.order':
    'health check, CORS, protocols of browsers, rates, compression, tokens, previews, body limit, transcoder, access, own token, router.',
} as const satisfies Record<string, string>;

/** The id of a row. */
type Fact = keyof typeof facts;

/** What hostile clients do; each needs a case. */
export const attackKinds = {
  'attack.alg-none': 'A token without a signature.',
  'attack.hs-rs-confusion': 'The public key as HMAC secret.',
  'attack.kid': 'A key id that does not exist, or another key’s.',
  'attack.duplicate-authorization': 'Two Authorization headers.',
  'attack.spoofed-headers': 'Internal headers on every kind of route.',
  'attack.forged-address': 'Addresses in x-forwarded-for that no proxy wrote.',
  'attack.escaped-slash': '%2f and %5c.',
  'attack.dot-segments': '.. in every spelling.',
  'attack.double-slash': '//',
  'attack.path-parameters': 'Parameters behind ";", in dot segments too.',
  'attack.backslash': '\\',
  'attack.nul': 'NUL, escaped and bare.',
  'attack.underscore': 'Underscores in header names.',
  'attack.oversized-headers': 'Headers that are too long or too many.',
  'attack.slow-headers': 'Headers that never end.',
  'attack.rapid-reset': 'HTTP/2 streams reset as soon as they are opened.',
  'attack.stream-flood': 'More streams than are allowed, and floods of control frames.',
  'attack.stream-states': 'Frames on HTTP/2 streams that have ended, trailers that end nothing.',
  'attack.tunnels': 'CONNECT and upgrades.',
  'attack.steering': 'Headers by which Envoy lets callers choose retries and times.',
  'attack.body-limit': 'Bodies over the limit.',
  'attack.grpc-frames': 'Truncated and compressed frames, from clients and from upstreams.',
  'attack.utf-8': 'Bytes that are no UTF-8.',
  'attack.deep-json': 'Thousands of brackets.',
  'attack.unknown-enum': 'Enum values that no enum has.',
  'attack.smuggling': 'Two lengths, a length and chunks, broken chunks.',
} as const satisfies Record<string, string>;

/** What a case is about. */
export type Topic = Fact | keyof typeof attackKinds;
