import type { Journal } from '../journal.ts';
import type { Snapshot } from '../snapshot.ts';

/** Proves one invariant, or tells what breaks it. `report` takes the subject and what is wrong with it. */
export type Rule = (snapshot: Snapshot, journal: Journal, report: (subject: string, detail: string) => void) => void;
