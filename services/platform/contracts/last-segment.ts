/** The last segment of a resource's full name: "a" of "projects/p/topics/a". The name itself where it has no slash. */
export function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
