import { serviceNames } from '../../services/platform/contracts/services.ts';

/** A file that a change has added or altered, by its path from the root of the project. */
interface ChangedFile {
  readonly path: string;
  /** Whether the file was there before. */
  readonly isNew: boolean;
  readonly text: string;
}

/** What a change asks of its previews. */
interface PreviewPlan {
  /** The services whose image it may alter, in alphabetical order. */
  readonly services: readonly string[];
  /** Why the default revisions could not live with what it does to the schema: then it gets no previews. */
  readonly faults: readonly string[];
}

/** What no image of a service has in it. */
const outside = /^(?:docs|gateway|wasm-filters|tests|bench|deploy\/(?!docker\/)[^/]+|\.github)\/|^[^/]+\.md$|\.test\.ts$/;

const ofService = /^(?:services|proto\/[^/]+)\/([^/]+)\//;

/** Which services a change touches. What is not known to be of one service, or of none, is of all. */
export function previewPlan(files: readonly ChangedFile[]): PreviewPlan {
  const touched = new Set<string>();
  for (const { path } of files) {
    if (outside.test(path)) continue;
    const service = ofService.exec(path)?.[1];
    for (const name of service !== undefined && serviceNames.includes(service) ? [service] : serviceNames) touched.add(name);
  }
  return { services: [...touched].toSorted(), faults: files.flatMap(schemaFaults) };
}

/** What takes something away, or asks for something that the default revision does not write. */
const breaking: readonly (readonly [RegExp, string])[] = [
  [/\bDROP\b/i, 'drops what the default revision may use'],
  [/\bALTER\s+COLUMN\b/i, 'alters a column that the default revision writes'],
  [/\bRENAME\b/i, 'renames what the default revision knows by its name'],
  [
    /\bADD\s+COLUMN\b(?![^;]*\bDEFAULT\b)[^;]*\bNOT\s+NULL\b/i,
    'adds a column that the default revision leaves empty, and that must not be',
  ],
  [/\bADD\s+(?:CONSTRAINT|CHECK)\b/i, 'adds a constraint that the default revision does not know'],
];

/** Previews share the database of the default: a migration only adds. */
function schemaFaults({ path, isNew, text }: ChangedFile): string[] {
  if (!/^services\/[^/]+\/migrations\/[^/]+\.sql$/.test(path)) return [];
  if (!isNew) return [`${path}: a migration that may have been applied is changed: add another one`];
  const sql = text.replaceAll(/--.*$/gm, '');
  return breaking.flatMap(([pattern, why]) => (pattern.test(sql) ? [`${path}: ${why}`] : []));
}
