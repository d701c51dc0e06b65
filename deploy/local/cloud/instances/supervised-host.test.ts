import { expect, test } from 'vitest';
import type { HostQuestion } from './instance-messages.ts';
import { SupervisedHost } from './supervised-host.ts';

test('an instance that somebody restarts is the same one, with another process, until it ends', async () => {
  const asked: HostQuestion[] = [];
  const host = new SupervisedHost((question) => asked.push(question));
  const starting = host.start('customer');
  expect(asked).toEqual([{ startInstance: 'customer', ask: 1 }]);
  host.take({ instanceUp: 'customer', ask: 1, pid: 10, port: 8080 });
  const hosted = await starting;
  host.take({ instanceRestarted: 'customer', pid: 11 });
  host.take({ instanceRestarted: 'nobody', pid: 12 });
  expect(hosted).toMatchObject({ id: 'customer', pid: 11, port: 8080 });
  hosted.stop();
  expect(asked.at(-1)).toEqual({ stopInstance: 'customer' });
  host.take({ instanceEnded: 'customer', how: 'SIGTERM' });
  expect(await hosted.ended).toBe('SIGTERM');
});

test('a start that fails is told to who asked for it', async () => {
  const host = new SupervisedHost(() => {});
  const [first, second] = [host.start('customer'), host.start('customer')];
  host.take({ instanceFailed: 1 });
  host.take({ instanceUp: 'customer', ask: 2, pid: 10, port: 8080 });
  await expect(first).rejects.toThrow('does not come up');
  expect((await second).pid).toBe(10);
});
