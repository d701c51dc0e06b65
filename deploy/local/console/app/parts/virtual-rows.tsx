import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Rows of which only those in sight are made: ten thousand scroll like ten. */
export function VirtualRows(props: {
  readonly count: number;
  readonly rowHeight: number;
  readonly label: string;
  /** Stays at the end while rows are added, unless somebody has scrolled away from it. */
  readonly follow?: boolean;
  readonly row: (index: number) => ComponentChildren;
}) {
  const { count, rowHeight, follow = false } = props;
  const box = useRef<HTMLElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const isAtEnd = useRef(true);
  const look = () => {
    const element = box.current;
    if (element === null) return;
    isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight * 2;
    setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(() => {
    if (follow && isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
    look();
  }, [count, follow]);
  useEffect(() => {
    addEventListener('resize', look);
    return () => removeEventListener('resize', look);
  }, []);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - 10);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + 10);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="rows" ref={box} aria-label={props.label} tabIndex={0} onScroll={look}>
      <div style={{ height: `${count * rowHeight}px`, paddingTop: `${first * rowHeight}px` }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, index) => props.row(first + index))}
      </div>
    </section>
  );
}
