/** A namespace, message, enum or service as protobufjs writes it to JSON. */
export interface ProtoNode {
  nested?: Record<string, ProtoNode>;
  fields?: Record<string, { type: string }>;
  methods?: Record<string, { requestType: string; responseType: string }>;
  values?: Record<string, number>;
}

/** The services of an API with the messages and enums that their methods need, and nothing else: a client makes descriptors of all that is there. */
export function protosOf(root: ProtoNode, services: readonly string[]): ProtoNode {
  const kept = new Set<string>();
  const pending = [...services];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (kept.has(path)) continue;
    kept.add(path);
    const node = nodeAt(root, path);
    if (node === undefined) throw new Error(`there is no ${path} in these protos`);
    const types = [
      ...Object.values(node.fields ?? {}).map(({ type }) => type),
      ...Object.values(node.methods ?? {}).flatMap(({ requestType, responseType }) => [requestType, responseType]),
    ];
    for (const type of types) {
      const found = resolved(root, path, type);
      if (found !== undefined) pending.push(found);
    }
  }
  return pruned(root, '', kept) ?? {};
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
