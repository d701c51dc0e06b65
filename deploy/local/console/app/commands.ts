import type { Command } from './parts/palette.tsx';
import { go } from './router.ts';
import { screens } from './screens.tsx';
import { platform } from './server.ts';

/** What the palette offers: the screens, and the log of each process. */
export function commandsOf(): Command[] {
  return [
    ...screens.map(({ title, path, key }) => ({ title, hint: `screen, ${key}`, run: () => go(path) })),
    ...(platform.value?.processes ?? []).map(({ name }) => ({
      title: `Log of ${name}`,
      hint: 'process',
      run: () => go(`/logs?service=${encodeURIComponent(name)}`),
    })),
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
