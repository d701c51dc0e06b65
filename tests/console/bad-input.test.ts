import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sendSpans } from './send-spans.ts';
import { describeInBrowser, useConsole } from './stage.ts';

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');

describeInBrowser('what is too much for a screen of the console', () => {
  const stage = useConsole();

  test('a trace of more than ten thousand spans is shown as far as it goes, which is said, and can be gone through', async () => {
    const { page, platform } = stage;
    const [trace, spans, atOnce] = ['ab'.repeat(16), 10_500, 2_100];
    const startUs = Date.now() * 1_000;
    const made = Array.from({ length: spans }, (_, index) => ({
      trace,
      id: hex(index + 1, 16),
      // Each hangs on the one before, as deep as it goes.
      ...(index > 0 && { parent: hex(index, 16) }),
      name: `step ${index}`,
      startUs: startUs + index,
      endUs: startUs + index + 500,
    }));
    for (let from = 0; from < spans; from += atOnce)
      await sendSpans(platform.endpoints.traces!, 'customer', made.slice(from, from + atOnce));
    await stage.open(`/traces/${trace}`);
    await page.getByText('Only the first 10000 spans are shown.').waitFor();
    await page.getByRole('button', { name: /step 0\b/ }).waitFor();
    // Only what is in sight is made.
    expect(await page.locator('.span-line').count()).toBeLessThan(200);
    await page.getByRole('region', { name: 'Spans' }).evaluate((rows) => rows.scrollTo(0, rows.scrollHeight));
    await page.getByRole('button', { name: /step 9999\b/ }).click();
    await page.getByRole('complementary', { name: 'Span' }).getByText('step 9999').waitFor();
    expect(stage.complaints).toEqual([]);
  });

  test.each([
    ['JSON', (text: string) => JSON.stringify({ severity: 'WARNING', time: new Date().toISOString(), message: text })],
    ['no JSON', (text: string) => text],
  ])('a line of more than a megabyte in a log (%s) is shown by its beginning, and those beside it as ever', async (kind, line) => {
    const { page, platform } = stage;
    const file = join(stage.stateDir, 'logs', 'customer.log');
    await stage.open('/logs?service=customer');
    await page.locator('.log-line').first().waitFor();
    appendFileSync(file, `before ${kind}\n${line(`Long-${kind} ${'x'.repeat(1_200_000)}`)}\nafter ${kind}\n`);
    for (const text of [`before ${kind}`, `Long-${kind}`, `after ${kind}`])
      await page.locator('.log-line', { hasText: text }).first().waitFor();
    await page
      .locator('.log-line', { hasText: `Long-${kind}` })
      .first()
      .click();
    await page
      .getByRole('complementary', { name: 'Line' })
      .getByText(/… \(\d{7} more characters\)/)
      .waitFor();
    // The same when it is read later.
    await stage.open(`/logs?service=customer&q=${encodeURIComponent(`Long-${kind}`)}`);
    await page
      .locator('.log-line', { hasText: `Long-${kind}` })
      .first()
      .waitFor();
    expect(stage.complaints).toEqual([]);
    expect((await fetch(`${platform.endpoints.edge}/v1/deals`)).status).toBe(200);
  });
});
