/** What is done to packages so that an image starts fast. Each is one that `npm run bench -- shrink` can leave out, to show what it saves. */
export const rewrites = [
  'standard rules of protovalidate are compiled when they are asked for',
  'proto-loader describes messages and files for reflection when it is asked to',
  "the Spanner client's protos of long-running operations stay unread",
  'protobufjs resolves and compiles messages when they are used',
  "modules of Google's clients and OpenTelemetry are loaded when they are used",
  'constants of semantic conventions are written out',
  "of the clients' protos only the called services are kept",
  'modules that are seldom asked for are loaded when they are',
  'modules that nothing reaches are left out',
  'of generated message classes only the enums are kept',
] as const;

/** One of them, by what it does. */
export type Rewrite = (typeof rewrites)[number];
