import type { ComponentChildren } from 'preact';
import { Explorer } from './screens/explorer.tsx';
import { Logs } from './screens/logs.tsx';
import { Processes } from './screens/processes.tsx';
import { Story } from './screens/story.tsx';
import { Trace } from './screens/trace.tsx';
import { Traces } from './screens/traces.tsx';

/** A screen: its address, its key, and what it shows of the rest of the address. */
interface Screen {
  readonly path: string;
  readonly title: string;
  readonly key: string;
  readonly show: (rest: string) => ComponentChildren;
}

/** The screens, in the order of the navigation. */
export const screens: readonly [Screen, ...Screen[]] = [
  { path: '/traces', title: 'Traces', key: 't', show: (rest) => (rest === '' ? <Traces /> : <Trace key={rest} id={rest} />) },
  { path: '/logs', title: 'Logs', key: 'l', show: () => <Logs /> },
  { path: '/story', title: 'Story', key: 's', show: (rest) => <Story key={rest} id={decodeURIComponent(rest)} /> },
  { path: '/explorer', title: 'Explorer', key: 'e', show: (rest) => <Explorer name={rest} /> },
  { path: '/processes', title: 'Processes', key: 'p', show: () => <Processes /> },
];

/** The screen of a path; the first one where there is none of it. */
export function screenAt(path: string): Screen {
  return screens.find((screen) => path === screen.path || path.startsWith(`${screen.path}/`)) ?? screens[0];
}
