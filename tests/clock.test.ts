import { describe, expect, it } from 'vitest';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();

const advance = (seconds: number) =>
  callJson<{ time: string; ahead_seconds: number }>('POST', `${stage.platform.endpoints.clock}/clock:advance`, { body: { seconds } });

describe("the platform's clock", () => {
  it('moves every process, so that what falls due happens now', async () => {
    const { endpoints } = stage.platform;
    const before = await CustomerApp.signIn('hana', endpoints);
    await before.setAddress('1-2 Shiokoji-cho');
    const [deal] = await before.deals();
    const placed = await before.openGroup(deal!.name);
    await before.pay(placed.payment);
    await eventually(
      () => before.order(placed.order.name),
      ({ state }) => state === 'STATE_AUTHORIZED',
    );

    const { time, ahead_seconds } = await advance(86_400);
    expect(ahead_seconds).toBe(86_400);
    expect(Date.parse(time)).toBeGreaterThan(Date.now() + 86_000_000);

    // A day later the token has expired, as it would for anyone.
    await expect(before.order(placed.order.name)).rejects.toThrow('HTTP 401');
    const after = await CustomerApp.signIn('hana', endpoints);
    const order = await eventually(
      () => after.order(placed.order.name),
      ({ paymentState }) => paymentState === 'PAYMENT_STATE_VOIDED',
    );
    expect(order).toMatchObject({ state: 'STATE_CANCELLED', cancelReason: 'CANCEL_REASON_GROUP_EXPIRED' });
  });

  it('stays ahead for a process that is started again', async () => {
    const customer = stage.platform.pid('customer')!;
    process.kill(customer, 'SIGKILL');
    await eventually(
      async () => stage.platform.pid('customer'),
      (pid) => pid !== customer,
    );
    const app = await CustomerApp.signIn('ren', stage.platform.endpoints);
    await eventually(
      () => app.setAddress('3-4 Karasuma-dori').catch((error: Error) => error.message),
      (answer) => typeof answer === 'object',
    );
  });

  it.each([[0], [-5], ['soon'], [1e12]])('refuses to move by %s seconds', async (seconds) => {
    await expect(advance(seconds as number)).rejects.toThrow('HTTP 400');
  });
});
