import type { ProtoAddition } from '../edit-proto.ts';
import type { Route } from '../http-path.ts';

/** What the proto of a new method is made from. */
export interface MethodProto {
  /** Such as "GetDealStats". */
  readonly name: string;
  /** What the method does, for whoever reads the proto: one sentence. */
  readonly comment: string;
  readonly route: Route;
  /** Such as "ACCESS_CUSTOMER". */
  readonly access: string;
  readonly deadlineSeconds: number;
  /** The fields of the request, but for those of the path. */
  readonly fields?: string;
  readonly requestComment: string;
  readonly responseComment: string;
  /** Lines of the policy: (kumiko.platform.v1.method).trigger and max_request_bytes. */
  readonly policy?: readonly string[];
  readonly imports?: readonly string[];
  /** Messages beside the request and the response. */
  readonly messages?: string;
}

/** A method with its policy, and its messages, as `buf format` writes them. */
export function methodProto(method: MethodProto): ProtoAddition {
  const { name, comment, route, policy = [], fields = '', messages, imports = [] } = method;
  const idempotency = idempotencyOf(route, method.access);
  const rpc = [
    `  // ${comment}`,
    `  rpc ${name}(${name}Request) returns (${name}Response) {`,
    ...httpOption(route),
    '    option (kumiko.platform.v1.method) = {',
    `      access: ${method.access}`,
    `      deadline: {seconds: ${method.deadlineSeconds}}`,
    ...policy.map((line) => `      ${line}`),
    '    };',
    ...(idempotency === undefined ? [] : [`    option idempotency_level = ${idempotency};`]),
    '  }',
  ].join('\n');
  const ofPath = pathFields(route);
  const request = message(`${name}Request`, method.requestComment, `${ofPath}${fields}`);
  const response = message(`${name}Response`, method.responseComment, '');
  return {
    rpc,
    messages: [...(messages === undefined ? [] : [messages]), request, response].join('\n\n'),
    imports: [
      ...imports,
      'google/api/annotations.proto',
      'kumiko/platform/v1/options.proto',
      ...(ofPath === '' ? [] : ['buf/validate/validate.proto', 'google/api/field_behavior.proto']),
    ],
  };
}

/** A GET changes nothing, a PUT, PATCH or DELETE comes to the same twice, and so does what is triggered. Of a POST its handler decides. */
function idempotencyOf({ verb }: Route, access: string): string | undefined {
  if (verb === 'GET') return 'NO_SIDE_EFFECTS';
  return verb === 'POST' && access !== 'ACCESS_TRIGGER' ? undefined : 'IDEMPOTENT';
}

function httpOption({ verb, path }: Route): string[] {
  const key = verb.toLowerCase();
  if (verb === 'GET' || verb === 'DELETE') return [`    option (google.api.http) = {${key}: "${path}"};`];
  return ['    option (google.api.http) = {', `      ${key}: "${path}"`, '      body: "*"', '    };'];
}

function pathFields({ variables }: Route): string {
  return variables
    .map(({ field, pattern }, index) => {
      const comment = pattern === '*' ? `The ${field.replaceAll('_', ' ')}'s id.` : `"${shown(pattern)}".`;
      return `
  // ${comment}
  string ${field} = ${index + 1} [
    (google.api.field_behavior) = REQUIRED,
    (buf.validate.field).string.pattern = "^${ruleOf(pattern)}$"
  ];`;
    })
    .join('');
}

/** "deals/*" as "deals/{deal}". */
function shown(pattern: string): string {
  const segments = pattern.split('/');
  return segments
    .map((segment, index) => (segment === '*' && index > 0 ? `{${(segments[index - 1] ?? '').replace(/s$/, '')}}` : segment))
    .join('/');
}

function ruleOf(pattern: string): string {
  return pattern
    .split('/')
    .map((segment) => {
      if (segment === '**') return '[a-z0-9/-]{1,256}';
      return segment === '*' ? '[a-z0-9-]{1,64}' : segment.replaceAll('.', '[.]');
    })
    .join('/');
}

function message(name: string, comment: string, fields: string): string {
  return `// ${comment}\nmessage ${name} {${fields === '' ? '' : `${fields}\n`}}`;
}
