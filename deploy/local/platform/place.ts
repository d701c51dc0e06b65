import { product } from '../../../services/platform/contracts/services.ts';

/** The project that the local cloud plays. */
export const project = `${product}-local`;

/** The region that the local cloud plays. */
export const location = 'asia-northeast1';

/** Whom the operator methods let through. */
export const operatorEmail = `operator@${product}.example`;

/** The database of all services. */
export const databaseAddress = { project, instance: product, database: product } as const;
