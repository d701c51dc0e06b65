import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  create,
  deployPreview,
  entries,
  failsWith,
  latest,
  name,
  services,
  settle,
  startRunForEach,
  toRevision,
  update,
} from './test-run.ts';

startRunForEach();

describe('the audit log', () => {
  it('tells of each change when it is asked for and when it is done', async () => {
    await create();
    await deployPreview('pr-1');
    await services.deleteService({ name });
    settle();
    expect(
      entries.map(({ protoPayload, operation }) => [protoPayload.methodName.split('.').at(-1), operation.first ? 'first' : 'last']),
    ).toEqual([
      ['CreateService', 'first'],
      ['CreateService', 'last'],
      ['UpdateService', 'first'],
      ['UpdateService', 'last'],
      ['DeleteService', 'first'],
      ['DeleteService', 'last'],
    ]);
    expect(entries[3]).toMatchObject({
      protoPayload: {
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        serviceName: 'run.googleapis.com',
        methodName: 'google.cloud.run.v2.Services.UpdateService',
        resourceName: name,
        status: {},
      },
      resource: {
        type: 'cloud_run_revision',
        labels: { project_id: 'kumiko-local', location: 'asia-northeast1', service_name: 'partner' },
      },
      severity: 'NOTICE',
      logName: 'projects/kumiko-local/logs/cloudaudit.googleapis.com%2Factivity',
    });
    expect(entries[3]!.operation.id).toBe(entries[2]!.operation.id);
  });

  it('tells why a change failed, and of none that was refused', async () => {
    await create();
    await failsWith(update({ traffic: [{ ...latest, percent: 1 }] }, ['traffic']), status.INVALID_ARGUMENT);
    expect(entries).toHaveLength(2);
    await services.updateService({
      service: { name, traffic: [toRevision('partner-x', { percent: 100 })] },
      updateMask: { paths: ['traffic'] },
    });
    settle();
    expect(entries.at(-1)).toMatchObject({
      severity: 'ERROR',
      protoPayload: { status: { code: status.INTERNAL, message: expect.stringContaining('partner-x') } },
    });
  });
});
