import { Mistake } from './mistake.ts';

/** Adds a method at the end of a gRPC service, and messages at the end of the file. The text is as `buf format` writes it. @throws {Mistake} */
export function addToProto(text: string, service: string, { rpc, messages, imports }: ProtoAddition): string {
  const start = text.search(new RegExp(`^service ${service} \\{$`, 'm'));
  const end = start < 0 ? -1 : text.indexOf('\n}\n', start);
  if (end < 0) throw new Mistake(`"service ${service} {" and its "}" do not stand in lines of their own: run "npm run format"`);
  const withMethod = `${text.slice(0, end)}\n${rpc.trimEnd()}${text.slice(end)}`;
  return addImports(`${withMethod.trimEnd()}\n\n${messages.trimEnd()}\n`, imports);
}

/** What a new method adds to a proto. */
export interface ProtoAddition {
  readonly rpc: string;
  readonly messages: string;
  /** The files that the two need. */
  readonly imports: readonly string[];
}

/** Imports stand in the order of their paths, below the package. */
function addImports(text: string, imports: readonly string[]): string {
  const line = /^import "([^"]+)";\n/gm;
  const present = [...text.matchAll(line)].map(([, path = '']) => path);
  const all = [...new Set([...present, ...imports])].toSorted().map((path) => `import "${path}";\n`);
  if (present.length === all.length) return text;
  const rest = text.replaceAll(line, '');
  return rest.replace(/^(package [^\n]+;\n)\n*/m, (_, packageLine: string) => `${packageLine}\n${all.join('')}\n`);
}
