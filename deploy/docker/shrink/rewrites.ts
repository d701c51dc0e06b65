/**
 * What is done to packages so that an image starts fast. Each is one that `npm run bench -- shrink` can leave out, to show what it saves: the milliseconds are
 * what it saved of the 214 of CPU time to the first RPC when it was last asked.
 */
export const rewrites = [
  // 29 ms.
  'standard rules of protovalidate are compiled when they are asked for',
  // Needed by another: without it the client looks for files that are not there.
  "the Spanner client's protos of long-running operations stay unread",
  // 48 ms.
  'protobufjs and proto-loader resolve, compile and describe messages when they are used',
  // 18 ms.
  "modules of Google's clients and OpenTelemetry are loaded when they are used",
  // 45 ms.
  "of the clients' protos only the called services are kept",
  // 10 ms.
  "the functions of a client's messages are generated when the image is built",
  // 8 ms.
  'names that OpenTelemetry has given up are loaded when they are asked for',
  // 14 ms.
  'JSON names of fields are made word by word',
  // 2 ms.
  'modules that are seldom asked for are loaded when they are',
  // Needed by the next: one of them has message classes, and nothing that could stand for them.
  'modules that nothing reaches are left out',
  // 24 ms, and 7 MB.
  'of generated message classes only the enums are kept',
] as const;

/** One of them, by what it does. */
export type Rewrite = (typeof rewrites)[number];
