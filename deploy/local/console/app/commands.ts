import { effect, signal } from '@preact/signals';
import type { MethodRow } from '../api.ts';
import { type Command, isPaletteOpen } from './parts/palette.tsx';
import { shortName } from './parts/text.ts';
import { go } from './router.ts';
import { screens } from './screens.tsx';
import { ask, platform } from './server.ts';

/** The methods, once the palette was open. */
const methods = signal<readonly MethodRow[]>([]);

effect(() => {
  if (!isPaletteOpen.value || methods.peek().length > 0) return;
  ask<{ methods: MethodRow[] }>('/api/methods').then(
    (found) => {
      methods.value = found.methods;
    },
    // The palette has them the next time.
    () => {},
  );
});

/** What the palette offers: the screens, the log of each process, every method. */
export function commandsOf(): Command[] {
  return [
    ...screens.map(({ title, path, key }) => ({ title, hint: `screen, ${key}`, run: () => go(path) })),
    ...(platform.value?.processes ?? []).map(({ name }) => ({
      title: `Log of ${name}`,
      hint: 'process',
      run: () => go(`/logs?service=${encodeURIComponent(name)}`),
    })),
    ...methods.value.map(({ name, access }) => ({ title: shortName(name), hint: `method, ${access}`, run: () => go(`/explorer/${name}`) })),
  ];
}

/** What the palette offers for a text that names no command: to look for it. */
export function findCommands(text: string): Command[] {
  const encoded = encodeURIComponent(text);
  return [
    { title: `Traces with “${text}”`, hint: 'find', run: () => go(`/traces?q=${encoded}&all=1`) },
    { title: `Logs with “${text}”`, hint: 'find', run: () => go(`/logs?q=${encoded}`) },
    { title: `The story of “${text}”`, hint: 'find', run: () => go(`/story/${encoded}`) },
  ];
}
