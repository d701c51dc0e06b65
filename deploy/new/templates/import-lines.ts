/** Import statements, from what is imported by its module, such as { './manifest.ts': 'type { manifest }' }. Biome puts them in their order. */
export function importLines(imports: Readonly<Record<string, string>>): string {
  return Object.entries(imports)
    .map(([module, what]) => `import ${what} from '${module}';\n`)
    .join('');
}
