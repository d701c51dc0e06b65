import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

/** What can be chosen by name from everywhere. */
export interface Command {
  readonly title: string;
  readonly hint: string;
  readonly run: () => void;
}

/** Whether the palette is open. */
export const isPaletteOpen = signal(false);

const shownAtMost = 60;

/** The command palette: Ctrl-K or Cmd-K, some letters of each word, Enter. */
export function Palette({
  commands,
  find,
}: {
  readonly commands: readonly Command[];
  readonly find: (text: string) => readonly Command[];
}) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const open = isPaletteOpen.value;
  useEffect(() => {
    setText('');
    setAt(0);
    if (open) input.current?.focus();
  }, [open]);
  if (!open) return null;
  const words = text.toLowerCase().split(/\s+/);
  const fitting = commands.filter(({ title, hint }) => words.every((word) => `${title} ${hint}`.toLowerCase().includes(word)));
  const shown = [...fitting.slice(0, shownAtMost), ...(text.trim() === '' ? [] : find(text.trim()))];
  const close = () => {
    isPaletteOpen.value = false;
  };
  const run = (command: Command | undefined) => {
    close();
    command?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((at + step + shown.length) % Math.max(1, shown.length));
    else if (event.key === 'Enter') run(shown[at]);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a click beside the palette closes it; by keyboard Escape does
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same
    <div class="palette" onClick={(event) => event.target === event.currentTarget && close()}>
      <div role="dialog" aria-label="Commands">
        <input
          ref={input}
          role="combobox"
          aria-expanded="true"
          aria-controls="commands"
          aria-activedescendant={`command-${at}`}
          aria-label="Command"
          placeholder="Go to, do, or find: a screen, a method, a trace, an order"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div id="commands" role="listbox" aria-label="Commands that fit">
          {shown.map((command, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input keeps the focus, and says which option is active
            <div
              tabIndex={-1}
              id={`command-${index}`}
              key={command.title}
              role="option"
              aria-selected={index === at}
              onClick={() => run(command)}
            >
              <span>{command.title}</span>
              <span class="faint">{command.hint}</span>
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
