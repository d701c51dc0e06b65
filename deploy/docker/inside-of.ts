/** The path of a file in node_modules. */
export function insideOf(path: string): string {
  return path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length);
}
