/** Names of routes, some of which are only how names begin, followed by "*". */
export class RouteNames {
  constructor(private names: string[]) {}

  has(route: string): bool {
    for (let i = 0; i < this.names.length; i++) {
      const name = this.names[i];
      if (name == route || (name.endsWith("*") && route.startsWith(name.substring(0, name.length - 1)))) return true;
    }
    return false;
  }
}
