import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { buy } from '../deploy/local/demo/buyers.ts';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import type { Endpoints } from '../deploy/local/platform/endpoints.ts';

/** A deal that customers see. */
type Deal = Awaited<ReturnType<CustomerApp['deals']>>[number];

/**
 * Runs an example that follows a partner's day, with customers who buy what it puts on sale once they see it, and returns what it prints.
 */
export async function followDay(
  endpoints: Endpoints,
  command: string,
  args: readonly string[],
  folder: string,
  sell: (deal: Deal) => Promise<unknown> = (deal) => buy(endpoints, deal),
): Promise<string> {
  const day = spawn(command, args, { cwd: folder });
  let output = '';
  for (const stream of [day.stdout, day.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(day, 'exit');
  try {
    // Before its first word it may have packages to install.
    const told = () => /^on sale +(deals\/\S+)\n/m.exec(output)?.[1];
    const onSaleTold = new Promise<void>((resolve) => day.stdout.on('data', () => told() !== undefined && resolve()));
    await Promise.race([ended, onSaleTold]);
    const deal = told();
    expect(deal, output).toBeDefined();
    const customer = await CustomerApp.signIn('hana', endpoints);
    const onSale = async () => (await customer.deals()).find(({ name }) => name === deal);
    await sell((await eventually(onSale, (found) => found !== undefined))!);
    expect(await ended, output).toEqual([0, null]);
    return output;
  } finally {
    day.kill();
  }
}
