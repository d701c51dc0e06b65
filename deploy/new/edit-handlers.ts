import { Mistake } from './mistake.ts';

/** Where the handlers of a gRPC service are made. */
interface HandlersPlace {
  /** Such as "customerService". */
  readonly factory: string;
  /** Where the object of handlers ends: before its closing brace. */
  readonly end: number;
}

/** Finds `export function …(…): Handlers<typeof Service> {` and the object that it returns, in the form that biome gives to it. */
export function findHandlers(source: string, service: string): HandlersPlace | undefined {
  const made = new RegExp(`^export function (\\w+)\\([^;]*?\\): Handlers<typeof ${service}> \\{$`, 'm').exec(source);
  const factory = made?.[1];
  if (made === null || factory === undefined) return undefined;
  const functionEnd = source.indexOf('\n}\n', made.index);
  const body = source.slice(0, functionEnd < 0 ? source.length : functionEnd);
  const returned = body.indexOf('\n  return {\n', made.index);
  const end = returned < 0 ? -1 : body.indexOf('\n  };', returned);
  return end < 0 ? undefined : { factory, end };
}

/** Adds a handler that answers UNIMPLEMENTED. @throws {Mistake} where there is one of the name. */
export function addHandler(source: string, { end }: HandlersPlace, { localName, name, file, platform }: NewHandler): string {
  if (new RegExp(`^    (async )?${localName}\\b`, 'm').test(source)) throw new Mistake(`${file} has a handler "${localName}" already`);
  const handler = `\n\n    async ${localName}() {\n      throw unimplemented('${name}');\n    },`;
  return addNamedImport(
    `${source.slice(0, end)}${handler}${source.slice(end)}`,
    'unimplemented',
    `${platform}/chassis/errors/rpc-error.ts`,
  );
}

/** What is added. */
interface NewHandler {
  /** Such as "getDealStats". */
  readonly localName: string;
  /** Such as "GetDealStats". */
  readonly name: string;
  /** The file, from the product's folder. */
  readonly file: string;
  /** How the file imports the platform. */
  readonly platform: string;
}

/** Biome puts it in its order. */
function addNamedImport(source: string, name: string, from: string): string {
  const known = new RegExp(`^import \\{([^}]*)\\} from '${RegExp.escape(from)}';$`, 'm').exec(source);
  if (known === null) return `import { ${name} } from '${from}';\n${source}`;
  const names = (known[1] ?? '').split(',').map((part) => part.trim());
  if (names.includes(name)) return source;
  return source.replace(known[0], `import { ${[...names.filter((part) => part !== ''), name].join(', ')} } from '${from}';`);
}
