/**
 * What the gateways rely on of Envoy, one row for each fact: `says` is the short form of what cases prove. `npm run conformance` and the tests
 * refuse a row that fewer than two cases name, unless it stands in known-gaps.ts with the reason.
 */
export const facts = {
  'jwt.rules': 'A route’s own requirement replaces the rules; else the first rule that matches decides, and no match means no check.',
  'jwt.order': 'Issuer, times, audience (403), lifetime, key, signature, in this order, each with its own text.',
  'jwt.challenge':
    '401 carries www-authenticate, with error="invalid_token" unless the token is missing; strip_failure_response empties both.',
  'jwt.audiences': 'Audiences are compared without scheme and trailing slash; aud may be a list.',
  'jwt.extraction': 'Every token found must be good; forward: false removes it; without from_headers ?access_token counts too.',
  'jwt.requirements': 'requires_any takes the first success and tells the most telling error; allow_missing refuses bad tokens.',
  'jwt.spoofing': 'Headers that a provider writes are removed only where its verifier runs.',
  'jwt.claims': 'claim_to_headers takes text, integers and truth values, nested by "."; clear_route_cache makes them choose the route.',
  'jwt.jwks': 'Keys are kept for cache_duration; an unknown key id fetches nothing.',
  'jwt.algorithms': 'ES, RS, PS, EdDSA and HS; never none; kid and alg must agree where both sides have them.',
  'transcoder.pass-through': 'gRPC passes; so does what maps to nothing, unless reject_unknown_method or reject_unknown_query_parameters.',
  'transcoder.rewrite':
    'Path, method, content-type, te and the x-envoy-original headers of a transcoded request; the route is matched again.',
  'transcoder.paths': 'Literal, then "*", then "**"; trailing slashes dropped; custom verbs.',
  'transcoder.variables': 'Single-segment variables are decoded whole; longer ones keep reserved characters.',
  'transcoder.query': 'Nested names, both spellings, "+" literal, no "=" ignored.',
  'transcoder.spellings': 'Both spellings of one field in a body: the last wins.',
  'transcoder.body': 'Unknown fields ignored, lenient base64, empty is {}, collisions refused; client streams take a JSON array.',
  'transcoder.http-body': 'google.api.HttpBody is raw bytes with their content type, both ways.',
  'transcoder.status': 'HTTP status of a unary reply by its gRPC status; 503 where it is missing.',
  'transcoder.convert-status': 'google.rpc.Status as JSON, details included; an unknown detail type empties the body.',
  'transcoder.server-streaming': 'An array, lines, or events; an error within ends a well-formed body.',
  'transcoder.limits': 'A body over the limit is 413.',
  'transcoder.local-replies': 'After transcoding the gateway’s own answers stay plain HTTP.',
  'wasm.failure-policy': 'A trapped VM answers 503; FAIL_RELOAD brings a new one, FAIL_CLOSED does not.',
  'wasm.stale-route': 'After clear_route_cache a plugin sees the old route’s cluster until something resolves the route again.',
  'wasm.gcp-authn': 'The built-in gcp_authn filter forwards without a token when its fetch fails.',
  'filters.cors': 'Preflights of known origins get 200 at the edge; others get no CORS headers.',
  'filters.local-ratelimit': 'Needs filter_enabled and filter_enforced; 429 local_rate_limited; a bucket for each descriptor value.',
  'filters.grpc-web': 'Only in front of what rejects.',
  'filters.compressor': 'Stands before the transcoder, since responses run in reverse.',
  'filters.rbac': '403 "RBAC: access denied", by the gRPC path and the verified claims.',
  'filters.health-check': '200, and 503 after /healthcheck/fail.',
  'router.no-route': 'No route is an empty 404; an unknown cluster 503.',
  'router.timeout': '504 "upstream request timeout"; with max_stream_duration 408, gRPC 4, and grpc-timeout goes upstream.',
  'router.retries': 'Only what retry_on names, at most num_retries times, within max_retries.',
  'router.circuit-breakers': 'max_requests and max_pending_requests answer 503 with x-envoy-overloaded.',
  'router.local-replies': 'To gRPC: trailers-only with HTTP 200 and a status by the HTTP status.',
  'hcm.edge-limits': 'Underscores, header size and count, slow headers, silent streams, stream limits.',
  'hcm.paths': '"#" is 400; escaped slashes, dot segments, merging, in this order.',
  'hcm.forwarding': 'x-forwarded-for, -proto and the scheme by trusted hops.',
  'hcm.early-strip': 'Internal headers of clients are gone before the first route match.',
  'hcm.tracing':
    'traceparent is followed, and goes on with a span of the gateway’s; a malformed one passes; without one the request id decides.',
  'hcm.drain': 'POST /drain_listeners?graceful: connections are told to go, new ones are refused.',
  'upstream.tls': 'Certificates are checked by CA and name only where both are configured.',
  'upstream.authority': ':authority is the upstream’s own on every route.',
  'upstream.user-token': 'The user’s token travels on in authorization, the gateway’s own in x-serverless-authorization.',
  'upstream.audience': 'The gateway’s token is for the service, previews included.',
  'upstream.email': 'Google’s tokens count by verified e-mail, not by audience alone.',
  'upstream.stripped-signature': 'A token whose signature the platform took away verifies nowhere.',
  'upstream.trailers': 'Request and response trailers are passed on between HTTP/2 peers.',
  'chain.order': 'health_check, cors, rate limit, compressor, jwt, dynamic routing, transcoder, rbac, token, router.',
} as const satisfies Record<string, string>;

/** The id of a row. */
export type Fact = keyof typeof facts;

/** What hostile clients do; each needs a case. */
export const attackKinds = {
  'attack.alg-none': 'A token without a signature.',
  'attack.hs-rs-confusion': 'The public key as HMAC secret.',
  'attack.kid': 'A key id that does not exist, or another key’s.',
  'attack.duplicate-authorization': 'Two Authorization headers.',
  'attack.spoofed-headers': 'Internal headers on every kind of route.',
  'attack.escaped-slash': '%2f and %5c.',
  'attack.dot-segments': '.. in every spelling.',
  'attack.double-slash': '//',
  'attack.backslash': '\\',
  'attack.nul': 'NUL, escaped and bare.',
  'attack.underscore': 'Underscores in header names.',
  'attack.oversized-headers': 'Headers that are too long or too many.',
  'attack.slow-headers': 'Headers that never end.',
  'attack.rapid-reset': 'HTTP/2 streams reset as soon as they are opened.',
  'attack.stream-flood': 'More streams than are allowed, and floods of control frames.',
  'attack.body-limit': 'Bodies over the limit.',
  'attack.grpc-frames': 'Truncated and compressed frames, from clients and from upstreams.',
  'attack.utf-8': 'Bytes that are no UTF-8.',
  'attack.deep-json': 'Thousands of brackets.',
  'attack.unknown-enum': 'Enum values that no enum has.',
  'attack.smuggling': 'Two lengths, a length and chunks, broken chunks.',
} as const satisfies Record<string, string>;

/** What a case is about. */
export type Topic = Fact | keyof typeof attackKinds;
