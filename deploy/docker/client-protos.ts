/** A namespace, message, enum or service as protobufjs writes it to JSON. */
export interface ProtoNode {
  nested?: Record<string, ProtoNode>;
  fields?: Record<string, { type: string }>;
  methods?: Record<string, { requestType: string; responseType: string }>;
  values?: Record<string, number>;
}

/** The services of an API with the messages and enums that their methods need, and nothing else: a client makes descriptors of all that is there. */
export function protosOf(root: ProtoNode, services: readonly string[]): ProtoNode {
  const messages = methodsOf(root, services).flatMap(({ request, response }) => [request, response]);
  return pruned(root, '', new Set([...services, ...reached(root, messages)])) ?? {};
}

/** The full names of the messages that the methods of services take and give, with those inside them. */
export function messagesOf(root: ProtoNode, services: readonly string[]): Readonly<Record<'requests' | 'responses', ReadonlySet<string>>> {
  const methods = methodsOf(root, services);
  const within = (names: readonly string[]) =>
    new Set([...reached(root, names)].filter((path) => nodeAt(root, path)?.fields !== undefined));
  return { requests: within(methods.map(({ request }) => request)), responses: within(methods.map(({ response }) => response)) };
}

/** What the methods of services take and give, by full names. */
function methodsOf(root: ProtoNode, services: readonly string[]): { request: string; response: string }[] {
  return services.flatMap((service) => {
    const { methods } = nodeAt(root, service) ?? {};
    if (methods === undefined) throw new Error(`there is no ${service} in these protos`);
    const named = (type: string) => {
      const found = resolved(root, service, type);
      if (found === undefined) throw new Error(`there is no ${type} in these protos, which ${service} names`);
      return found;
    };
    return Object.values(methods).map(({ requestType, responseType }) => ({ request: named(requestType), response: named(responseType) }));
  });
}

/** These messages with all messages and enums inside them. */
function reached(root: ProtoNode, messages: readonly string[]): Set<string> {
  const found = new Set<string>();
  const pending = [...messages];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const { type } of Object.values(nodeAt(root, path)?.fields ?? {})) {
      const inside = resolved(root, path, type);
      if (inside !== undefined) pending.push(inside);
    }
  }
  return found;
}

/** The enums of an API as the client's generated module has them, values by name and names by value, in the same namespaces. */
export function enumsModule(root: ProtoNode, name: string): string {
  return [
    `const absent = new Proxy({}, { get: (_, name) => { if (typeof name === 'symbol' || name === '__esModule' || name === 'default') return undefined; throw new Error(${JSON.stringify(
      `${name}: the image has its enums only, no `,
    )} + name); } });`,
    'const enumOf = (values) => Object.assign(Object.create(Object.fromEntries(Object.entries(values).map(([name, value]) => [value, name]))), values);',
    'const within = (parts) => Object.assign(Object.create(absent), parts);',
    `module.exports = ${enumsOf(root)};`,
  ].join('\n');
}

function enumsOf(node: ProtoNode): string {
  const parts = Object.entries(node.nested ?? {}).flatMap(([name, child]) => {
    if (child.values !== undefined) return [`${name}: enumOf(${JSON.stringify(child.values)})`];
    return hasEnums(child) ? [`${name}: ${enumsOf(child)}`] : [];
  });
  return `within({ ${parts.join(', ')} })`;
}

function hasEnums(node: ProtoNode): boolean {
  return node.values !== undefined || Object.values(node.nested ?? {}).some(hasEnums);
}

function nodeAt(root: ProtoNode, path: string): ProtoNode | undefined {
  return path.split('.').reduce<ProtoNode | undefined>((node, part) => node?.nested?.[part], root);
}

/** A type's full name, found as protobuf does: from the innermost scope outwards. Undefined for a scalar. */
function resolved(root: ProtoNode, scope: string, type: string): string | undefined {
  const parts = scope.split('.');
  for (let length = parts.length; length >= 0; length--) {
    const path = [...parts.slice(0, length), type.replace(/^\./, '')].join('.');
    const node = nodeAt(root, path);
    if (node?.fields !== undefined || node?.values !== undefined) return path;
  }
  return undefined;
}

function pruned(node: ProtoNode, path: string, kept: ReadonlySet<string>): ProtoNode | undefined {
  const { nested, ...own } = node;
  const children = Object.entries(nested ?? {}).flatMap(([name, child]): [string, ProtoNode][] => {
    const remaining = pruned(child, path === '' ? name : `${path}.${name}`, kept);
    return remaining === undefined ? [] : [[name, remaining]];
  });
  if (!kept.has(path) && children.length === 0) return undefined;
  return { ...own, ...(children.length > 0 && { nested: Object.fromEntries(children) }) };
}
