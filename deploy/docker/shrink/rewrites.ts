/**
 * What is done to packages so that an image starts fast. Each is one that `npm run bench -- shrink` can leave out, to show what it saves: the milliseconds of CPU are
 * what it saved of 540 to the first RPC when it was last asked.
 */
export const rewrites = [
  // 60 ms.
  'standard rules of protovalidate are compiled when they are asked for',
  // Needed by another: without it the client looks for files that are not there.
  "the Spanner client's protos of long-running operations stay unread",
  // 80 ms.
  'protobufjs and proto-loader resolve, compile and describe messages when they are used',
  // 20 ms.
  "modules of Google's clients and OpenTelemetry are loaded when they are used",
  // 50 ms.
  "of the clients' protos only the called services are kept",
  // 50 ms.
  'modules that are seldom asked for are loaded when they are',
  // 30 ms.
  'modules that nothing reaches are left out',
  // 50 ms.
  'of generated message classes only the enums are kept',
] as const;

/** One of them, by what it does. */
export type Rewrite = (typeof rewrites)[number];
