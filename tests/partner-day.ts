import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import type { Endpoints } from '../deploy/local/platform/endpoints.ts';

/** Runs an example that follows a partner's day, with two customers who buy what it puts on sale, and returns what it prints. */
export async function followDay(endpoints: Endpoints, command: string, args: readonly string[], folder: string): Promise<string> {
  const day = spawn(command, args, { cwd: folder });
  let output = '';
  for (const stream of [day.stdout, day.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(day, 'exit');
  try {
    const seen = () => Promise.resolve(/^on sale +(deals\/\S+)$/m.exec(output)?.[1]);
    const deal = await eventually(seen, (name) => name !== undefined || day.exitCode !== null);
    expect(output).toContain('on sale');
    const [opener, joiner] = await Promise.all(['hana', 'ren'].map((name) => CustomerApp.signIn(name, endpoints)));
    await Promise.all([opener!.setAddress('1-2 Shiokoji-cho'), joiner!.setAddress('3-4 Karasuma-dori')]);
    await eventually(
      () => opener!.deals(),
      (deals) => deals.some(({ name }) => name === deal),
    );
    const opened = await opener!.openGroup(deal!);
    const joined = await joiner!.joinGroup(opened.group.name);
    await Promise.all([opener!.pay(opened.payment), joiner!.pay(joined.payment)]);
    expect(await ended, output).toEqual([0, null]);
    return output;
  } finally {
    day.kill();
  }
}
