import { messageCases } from './message-cases.ts';
import { statementCases } from './statement-cases.ts';
import type { StorageCase } from './storage-case.ts';
import { transactionCases } from './transaction-cases.ts';
import { violationCases } from './violation-cases.ts';

/** What a database does, and what our tables of messages do on it, whichever implementation of Spanner it is. */
export const storageCases: readonly StorageCase[] = [...statementCases, ...violationCases, ...transactionCases, ...messageCases];
