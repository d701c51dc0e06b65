/** A directory of the metadata server: entries by their last path segment, in the kebab case of the paths. */
export interface MetadataDirectory {
  readonly [name: string]: MetadataEntry;
}

/** A directory, a fixed value, or a value made for each request from its query. */
type MetadataEntry = MetadataDirectory | string | ((query: URLSearchParams) => Promise<MetadataAnswer>);

/** The answer of a made value. */
export interface MetadataAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** True for a directory. */
export function isDirectory(entry: MetadataEntry): entry is MetadataDirectory {
  return typeof entry === 'object';
}

/** The entry at `/a/b/` or `/a/b`, percent-encoded or not; undefined where there is none. */
export function findEntry(root: MetadataDirectory, path: string): MetadataEntry | undefined {
  const [first, ...segments] = path.replace(/\/$/, '').split('/');
  if (first !== '') return undefined;
  let entry: MetadataEntry | undefined = root;
  for (const encoded of segments) {
    const segment = decode(encoded);
    if (entry === undefined || !isDirectory(entry) || !Object.hasOwn(entry, segment)) return undefined;
    entry = entry[segment];
  }
  return entry;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A directory as text: one name in each line, directories with a slash behind. */
export function listDirectory(directory: MetadataDirectory): string {
  return Object.entries(directory)
    .map(([name, entry]) => `${name}${isDirectory(entry) ? '/' : ''}\n`)
    .join('');
}

/** A directory as text for `?recursive=true&alt=text`: a line for each value, with its path in front. */
export function directoryAsText(directory: MetadataDirectory, prefix = ''): string {
  return Object.entries(directory)
    .map(([name, entry]) => {
      if (typeof entry === 'function') return '';
      if (isDirectory(entry)) return directoryAsText(entry, `${prefix}${name}/`);
      return entry
        .trimEnd()
        .split('\n')
        .map((line) => `${prefix}${name} ${line}\n`)
        .join('');
    })
    .join('');
}

/** A directory as JSON for `?recursive=true`: names in camel case, made values (tokens) left out, as Google does. */
export function directoryAsJson(directory: MetadataDirectory): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(directory)) {
    if (typeof entry === 'function') continue;
    json[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())] = isDirectory(entry)
      ? directoryAsJson(entry)
      : valueAsJson(name, entry);
  }
  return json;
}

/** A value as JSON: `aliases` and `scopes` are lists there and lines in text, the project's number is a number. */
export function valueAsJson(name: string, value: string): string | number | string[] {
  if (name === 'numeric-project-id') return Number(value);
  return name === 'aliases' || name === 'scopes' ? value.trimEnd().split('\n') : value;
}
