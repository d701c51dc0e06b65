/**
 * Customers who buy what went on sale last, as many as complete a group: for partners who try their systems.
 *
 *     node deploy/local/demo/buyers.ts [STATE_DIR]     against the platform of `npm start`
 */
import { randomUUID } from 'node:crypto';
import { runCommand } from '../../../services/platform/tools/command-line.ts';
import { type Endpoints, runningEndpoints } from '../platform/endpoints.ts';
import { defaultStateDir } from '../platform/state-dir.ts';
import { CustomerApp, type PlacementJson } from './customer-app.ts';

/** Completes a group of a deal that is on sale, and returns its orders. */
export async function buy(endpoints: Endpoints, deal: { readonly name: string; readonly groupSize: number }): Promise<string[]> {
  const signIn = async () => {
    const app = await CustomerApp.signIn(`buyer-${randomUUID().slice(0, 8)}`, endpoints);
    await app.setAddress('1-2 Shiokoji-cho');
    return app;
  };
  const others = Array.from({ length: deal.groupSize - 1 }, signIn);
  const [opener, ...joiners] = await Promise.all([signIn(), ...others]);
  const paid = async (app: CustomerApp, placement: PlacementJson) => {
    await app.pay(placement.payment);
    return placement.order.name;
  };
  const opened = await opener.openGroup(deal.name);
  const joined = await Promise.all(joiners.map(async (app) => ({ app, placement: await app.joinGroup(opened.group.name) })));
  return Promise.all([paid(opener, opened), ...joined.map(({ app, placement }) => paid(app, placement))]);
}

/** What was to be bought is not there; its message says why. */
class NothingToBuy extends Error {}

if (import.meta.main) {
  const usage = 'usage: node deploy/local/demo/buyers.ts [STATE_DIR]';
  await runCommand({ usage, isMistake: (error) => error instanceof NothingToBuy }, async () => {
    const endpoints = runningEndpoints(process.argv[2] ?? defaultStateDir);
    if (endpoints === undefined) throw new NothingToBuy('The platform is not running. Start it with "npm start".');
    const [newest] = await (await CustomerApp.signIn('buyer', endpoints)).deals();
    if (newest === undefined) throw new NothingToBuy('No deal is on sale.');
    for (const order of await buy(endpoints, newest)) process.stdout.write(`bought     ${newest.title}: ${order}\n`);
  });
}
