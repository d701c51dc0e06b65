import { type Client, credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { loadServices } from '../google-api/grpc-server.ts';
import { clock, failsWith, name, parent, server, services, settle, startRunForEach, template } from './test-run.ts';

startRunForEach();

describe('operations', () => {
  const operationsOf = (): Client & Record<string, (request: object, done: (error: unknown, answer: unknown) => void) => void> =>
    new (makeGenericClientConstructor(loadServices('@google-cloud/run')('google.longrunning.Operations'), 'Operations'))(
      `127.0.0.1:${server.port}`,
      credentials.createInsecure(),
    ) as never;

  it('are got, waited for and listed', async () => {
    const client = operationsOf();
    const call = (method: string, request: object) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        client[method]!(request, (error, answer) => (error ? reject(error) : resolve(answer as Record<string, unknown>)));
      });
    const [operation] = await services.createService({ parent, serviceId: 'partner', service: { template: template() } });
    expect(operation.name).toMatch(new RegExp(`^${parent}/operations/[0-9a-f-]{36}$`));
    expect(operation.metadata).toMatchObject({ name, reconciling: true });
    expect(await call('GetOperation', { name: operation.name })).toMatchObject({ done: false });
    const impatient = call('WaitOperation', { name: operation.name, timeout: { seconds: 0, nanos: 500_000_000 } });
    const patient = call('WaitOperation', { name: operation.name });
    await expect.poll(() => clock.nextDue(), { interval: 5 }).toBe(clock.now() + 500);
    clock.advance(500);
    expect(await impatient).toMatchObject({ done: false });
    settle();
    expect(await patient).toMatchObject({ done: true });
    expect(await call('WaitOperation', { name: operation.name })).toMatchObject({ done: true });
    expect((await call('ListOperations', { name: parent }))['operations']).toMatchObject([{ name: operation.name, done: true }]);
    expect((await services.checkCreateServiceProgress(operation.name!)).result).toMatchObject({ name });
    await failsWith(call('GetOperation', { name: `${parent}/operations/none` }), status.NOT_FOUND, 'none');
    client.close();
  });
});
