import { nameFault, sqlWords } from '../../services/platform/contracts/service-name.ts';
import { product } from '../../services/platform/contracts/services.ts';
import { UsageError } from '../../services/platform/tools/command-line.ts';

/** @throws {UsageError} */
export function checkServiceName(name: string): void {
  const fault = nameFault(name, product);
  if (fault !== undefined) throw new UsageError(fault);
}

/** @throws {UsageError} */
export function checkResourceName(name: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name) || name.length > 40) {
    throw new UsageError(`"${name}" cannot be the name of a resource: write one such as "review" or "gift-card", in the singular`);
  }
  const table = snakeOf(pluralOf(name));
  if (sqlWords.has(table) || ['outbox', 'inbox', 'requests'].includes(table)) {
    throw new UsageError(`"${name}" cannot be the name of a resource: its table would be called "${table}"`);
  }
}

/** What JavaScript has in every object: the generated client would call it otherwise. */
const objectMembers = new Set(['Constructor', 'ToString', 'ToJSON', 'ValueOf']);

/** @throws {UsageError} */
export function checkMethodName(name: string): void {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(name) || name.length > 60 || objectMembers.has(name)) {
    throw new UsageError(`"${name}" cannot be the name of a method: write a verb and a noun such as "GetDealStats"`);
  }
}

/** "gift-card" as "GiftCard". */
export function pascalOf(kebab: string): string {
  return kebab.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** "gift-card" and "GiftCard" as "giftCard". */
export function camelOf(name: string): string {
  const pascal = pascalOf(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** "gift-card" as "gift_card". */
export function snakeOf(kebab: string): string {
  return kebab.replaceAll('-', '_');
}

/** "GetDealStats" as "get-deal-stats": as triggers.ts names the cloud's resources. */
export function kebabOf(pascal: string): string {
  return pascal.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
}

/** "review" as "reviews": regular nouns only. */
export function pluralOf(singular: string): string {
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

/** "reviews" as "review"; what is no regular plural stays as it is. */
export function singularOf(name: string): string {
  const shorter = [name.replace(/ies$/, 'y'), name.replace(/es$/, ''), name.replace(/s$/, '')];
  return shorter.find((candidate) => candidate !== name && candidate !== '' && pluralOf(candidate) === name) ?? name;
}
