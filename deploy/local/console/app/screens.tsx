import type { ComponentChildren } from 'preact';
import { Events } from './screens/events.tsx';
import { Explorer } from './screens/explorer.tsx';
import { Levers } from './screens/levers.tsx';
import { Logs } from './screens/logs.tsx';
import { Overview } from './screens/overview.tsx';
import { Processes } from './screens/processes.tsx';
import { Schedules } from './screens/schedules.tsx';
import { Story } from './screens/story.tsx';
import { Tasks } from './screens/tasks.tsx';
import { Trace } from './screens/trace.tsx';
import { Traces } from './screens/traces.tsx';
import { Webhooks } from './screens/webhooks.tsx';

/** A screen: its address, its key, and what it shows of the rest of the address. */
interface Screen {
  readonly path: string;
  readonly title: string;
  readonly key: string;
  readonly show: (rest: string) => ComponentChildren;
}

/** The screens, in the order of the navigation. */
export const screens: readonly [Screen, ...Screen[]] = [
  { path: '/picture', title: 'Picture', key: 'o', show: () => <Overview /> },
  { path: '/traces', title: 'Traces', key: 't', show: (rest) => (rest === '' ? <Traces /> : <Trace key={rest} id={rest} />) },
  { path: '/logs', title: 'Logs', key: 'l', show: () => <Logs /> },
  { path: '/story', title: 'Story', key: 's', show: (rest) => <Story key={rest} id={decodeURIComponent(rest)} /> },
  { path: '/explorer', title: 'Explorer', key: 'e', show: (rest) => <Explorer name={rest} /> },
  { path: '/events', title: 'Events', key: 'v', show: (rest) => <Events name={rest} /> },
  { path: '/tasks', title: 'Tasks', key: 'a', show: (rest) => <Tasks name={rest} /> },
  { path: '/schedules', title: 'Schedules', key: 'c', show: (rest) => <Schedules name={rest} /> },
  { path: '/webhooks', title: 'Webhooks', key: 'w', show: () => <Webhooks /> },
  { path: '/levers', title: 'Levers', key: 'r', show: () => <Levers /> },
  { path: '/processes', title: 'Processes', key: 'p', show: () => <Processes /> },
];

/** The screen of a path; the first one where there is none of it. */
export function screenAt(path: string): Screen {
  return screens.find((screen) => path === screen.path || path.startsWith(`${screen.path}/`)) ?? screens[0];
}
