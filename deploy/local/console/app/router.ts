import { signal } from '@preact/signals';

/** The address that is shown: its path and its query. Each screen has one of its own, which can be sent. */
export const address = signal(new URL(location.href));

/** Shows another address. `replace` leaves no step to go back to: for what is being typed. */
export function go(to: string, replace = false): void {
  const next = new URL(to, location.href);
  if (next.href === address.value.href) return;
  if (replace) history.replaceState(null, '', next);
  else history.pushState(null, '', next);
  address.value = next;
}

/** Shows the same screen with other values of its query; empty ones go. */
export function setQuery(values: Readonly<Record<string, string>>, replace = true): void {
  const next = new URL(address.value);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') next.searchParams.delete(name);
    else next.searchParams.set(name, value);
  }
  go(next.href, replace);
}

/** Keeps links of the page inside of it, and follows the browser's back and forward. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    address.value = new URL(location.href);
  });
  addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.origin !== location.origin || event.metaKey || event.ctrlKey || event.button !== 0)
      return;
    event.preventDefault();
    go(link.href);
  });
}
