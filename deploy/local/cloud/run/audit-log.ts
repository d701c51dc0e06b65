import { randomUUID } from 'node:crypto';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import type { Operation } from './operations.ts';
import { parseServiceName } from './resources.ts';

/** A change that Cloud Run writes into the log of admin activity. */
export type AuditedMethod =
  | 'google.cloud.run.v2.Services.CreateService'
  | 'google.cloud.run.v2.Services.UpdateService'
  | 'google.cloud.run.v2.Services.DeleteService'
  | 'google.cloud.run.v2.Revisions.DeleteRevision';

/**
 * A LogEntry with google.cloud.audit.AuditLog as its payload, in JSON, as a sink of Cloud Logging puts it into a Pub/Sub message.
 * A change has two: the first when it is asked for, the last when it is done or has failed.
 *
 * @see https://cloud.google.com/logging/docs/audit/understanding-audit-logs
 */
export interface AuditEntry {
  readonly protoPayload: {
    readonly '@type': 'type.googleapis.com/google.cloud.audit.AuditLog';
    readonly serviceName: 'run.googleapis.com';
    readonly methodName: AuditedMethod;
    /** The full name of the service or revision. */
    readonly resourceName: string;
    readonly status: { readonly code?: number; readonly message?: string };
  };
  readonly insertId: string;
  readonly resource: { readonly type: 'cloud_run_revision'; readonly labels: Readonly<Record<string, string>> };
  /** RFC 3339. */
  readonly timestamp: string;
  readonly severity: 'NOTICE' | 'ERROR';
  readonly logName: string;
  readonly operation: { readonly id: string; readonly producer: 'run.googleapis.com'; readonly first?: true; readonly last?: true };
}

/** The entry of a change. @param resource the full name of a service, or of a revision of one. */
export function auditEntry(methodName: AuditedMethod, resource: string, { name: id, done, error }: Operation, nowMs: number): AuditEntry {
  const [serviceName = '', revision = ''] = resource.split('/revisions/');
  const { project, location, service } = parseServiceName('name', serviceName);
  return {
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'run.googleapis.com',
      methodName,
      resourceName: resource,
      status: error ?? {},
    },
    insertId: randomUUID(),
    resource: {
      type: 'cloud_run_revision',
      labels: { project_id: project, location, service_name: service, configuration_name: service, revision_name: lastSegment(revision) },
    },
    timestamp: new Date(nowMs).toISOString(),
    severity: error === undefined ? 'NOTICE' : 'ERROR',
    logName: `projects/${project}/logs/cloudaudit.googleapis.com%2Factivity`,
    operation: { id, producer: 'run.googleapis.com', ...(done ? { last: true } : { first: true }) },
  };
}
