import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { errorText } from '../../../../../services/platform/contracts/error-text.ts';

/** What went wrong, where something did. */
export function Trouble({ text }: { readonly text: string | undefined }) {
  return text === undefined || text === '' ? null : (
    <p role="alert" class="bad">
      {text}
    </p>
  );
}

/** A value as JSON, with what was masked marked. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  const text = JSON.stringify(value, undefined, 2) ?? '';
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="json" aria-label={label} tabIndex={0}>
      <pre>{text.split('"[masked]"').flatMap((part, index) => (index === 0 ? [part] : [<span class="masked">[masked]</span>, part]))}</pre>
    </section>
  );
}

/** A button that does something on the server, says that it is under way, and what went wrong. */
export function Act(props: {
  readonly act: () => Promise<unknown>;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly disabled?: boolean;
  readonly label?: string;
  /** Of something that is on or off. */
  readonly pressed?: boolean;
}) {
  const [state, setState] = useState<{ busy: boolean; error: string | undefined }>({ busy: false, error: undefined });
  const run = async () => {
    setState({ busy: true, error: undefined });
    try {
      await props.act();
      setState({ busy: false, error: undefined });
    } catch (error) {
      setState({ busy: false, error: errorText(error) });
    }
  };
  return (
    <>
      <button
        type="button"
        class={props.class ?? 'small'}
        aria-label={props.label}
        aria-pressed={props.pressed}
        disabled={state.busy || props.disabled === true}
        onClick={() => void run()}
      >
        {state.busy ? '…' : props.children}
      </button>
      {state.error !== undefined && (
        <span role="alert" class="bad">
          {state.error}
        </span>
      )}
    </>
  );
}

/** A button that copies a text. */
export function Copy({ text, children }: { readonly text: () => string | Promise<string>; readonly children: ComponentChildren }) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      class="small"
      onClick={async () => {
        await navigator.clipboard.writeText(await text());
        setDone(true);
        setTimeout(() => setDone(false), 1_500);
      }}
    >
      {done ? 'copied' : children}
    </button>
  );
}

/** Properties of a row that is opened by a click, by Enter, and gone through with j and k. */
export function rowProps(open: () => void) {
  return {
    class: 'row',
    tabIndex: 0,
    onClick: open,
    onKeyDown: (event: KeyboardEvent) => {
      const row = event.currentTarget;
      if (!(row instanceof HTMLElement)) return;
      const next = {
        j: 'nextElementSibling',
        ArrowDown: 'nextElementSibling',
        k: 'previousElementSibling',
        ArrowUp: 'previousElementSibling',
      } as const;
      if (event.key === 'Enter' && event.target === row) open();
      else if (event.key in next) {
        const other = row[next[event.key as keyof typeof next]];
        if (other instanceof HTMLElement) other.focus();
        event.preventDefault();
      }
    },
  };
}
