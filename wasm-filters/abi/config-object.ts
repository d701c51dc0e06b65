import { JsonKind, JsonValue } from "./json";

/** What is wrong with a plugin configuration as a whole: not an object, a field that stands twice or is not one of `fields`. "" where nothing is. */
export function objectFault(json: JsonValue | null, fields: string[]): string {
  if (json === null) return "it is not valid JSON";
  if (json.kind != JsonKind.Object) return "it is not a JSON object";
  for (let i = 0; i < json.names.length; i++) {
    const name = json.names[i];
    if (json.names.indexOf(name) != i) return '"' + name + '" stands twice';
    if (!fields.includes(name)) {
      const last = fields.length - 1;
      return 'unknown field "' + name + '"; the fields are "' + fields.slice(0, last).join('", "') + '" and "' + fields[last] + '"';
    }
  }
  return "";
}
