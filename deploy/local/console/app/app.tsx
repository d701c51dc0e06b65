import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import type { CodeChange } from '../../platform/code-change.ts';
import type { PlatformState } from '../api.ts';
import { commandsOf, findCommands } from './commands.ts';
import { isPaletteOpen, Palette } from './parts/palette.tsx';
import { clockTime, duration } from './parts/text.ts';
import { address, followLinks, go } from './router.ts';
import { screenAt, screens } from './screens.tsx';
import { isConnected, isLockedOut, listen, platform, troubles } from './server.ts';

function App() {
  const { pathname } = address.value;
  const screen = screenAt(pathname);
  const state = platform.value;
  const down = state?.processes.filter((process) => process.state !== 'running') ?? [];
  const told = Object.entries(troubles.value).filter(([, message]) => message !== '');
  useEffect(() => {
    document.title = `${screen.title} · ${state?.product ?? 'console'}`;
  }, [screen.title, state?.product]);
  return (
    <div class="shell">
      <header class="top">
        <span class="name">{state?.product ?? '…'}</span>
        {state !== undefined && state.aheadMs > 0 && <span class="tag on">time is {duration(state.aheadMs)} ahead</span>}
        {!isConnected.value ? (
          <span role="status" class="warn">
            <span class="dot warn" />
            {isLockedOut.value
              ? 'this browser is not let in any more: open the address that npm start has printed; then this page goes on by itself'
              : 'the platform does not answer; this page goes on by itself when it does'}
          </span>
        ) : down.length > 0 ? (
          <span role="status">
            {down.map(({ name, state: how }) => (
              <span key={name} class="warn">
                <span class={`dot ${how}`} />
                {name} is {how}{' '}
              </span>
            ))}
          </span>
        ) : (
          <span role="status" class="hint">
            <span class="dot ok" />
            {state === undefined ? '' : `${state.processes.length} processes run`}
          </span>
        )}
        {state?.change !== undefined && <Change change={state.change} />}
        <span class="space" />
        <button
          type="button"
          class="palette-button"
          onClick={() => {
            isPaletteOpen.value = true;
          }}
        >
          <span>Go to, do, find</span>
          <kbd>Ctrl K</kbd>
        </button>
      </header>
      {/* One row each, so that the rest keeps its place. */}
      <nav class="side" aria-label="Screens">
        {screens.map(({ path, title, key }) => (
          <a key={path} href={path} aria-current={screen.path === path ? 'page' : undefined}>
            {title} <kbd>{key}</kbd>
          </a>
        ))}
      </nav>
      <main aria-label={screen.title}>
        {told.map(([source, message]) => (
          <p key={source} role="status" class="notice">
            {message} This screen goes on by itself.
          </p>
        ))}
        {screen.show(pathname.slice(screen.path.length).replace(/^\//, ''))}
      </main>
      <Palette commands={commandsOf()} find={findCommands} />
    </div>
  );
}

/** What the last change of code has led to. */
function Change({ change: { files, processes, state, tookMs, error, atMs } }: { readonly change: CodeChange }) {
  const [file = ''] = files;
  const name = file.slice(file.lastIndexOf('/') + 1);
  const colour = { restarting: 'warn', done: 'hint', failed: 'bad' }[state];
  return (
    <span role="status" class={`${colour} change`} title={error ?? files.join('\n')}>
      {clockTime(atMs).slice(0, 8)} {name} changed: {processes.join(', ')}{' '}
      {state === 'done'
        ? `restarted in ${duration(tookMs)}`
        : state === 'failed'
          ? `not restarted: ${error?.split('\n')[0]}`
          : 'restarting…'}
    </span>
  );
}

addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    isPaletteOpen.value = !isPaletteOpen.value;
    event.preventDefault();
    return;
  }
  const { target } = event;
  const typing = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  if (typing && event.key === 'Escape') target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || isPaletteOpen.value) return;
  if (event.key === '/') {
    document.querySelector<HTMLInputElement>('main input[type=search]')?.focus();
    event.preventDefault();
    return;
  }
  const screen = screens.find(({ key }) => key === event.key);
  if (screen !== undefined) go(screen.path);
});

followLinks();
platform.value = JSON.parse(document.querySelector('#platform')!.textContent) as PlatformState;
listen('platform', {}, (source, data) => {
  if (source === 'platform') platform.value = data as PlatformState;
});
render(<App />, document.querySelector('#app')!);
