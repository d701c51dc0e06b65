import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { audiences } from '../gateway/openapi/audience.ts';
import { findBrowser } from './browser.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();
const at = (path: string) => `${stage.platform.endpoints.edge}${path}`;

interface ApiDocument {
  readonly info: { readonly title: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

async function documentOf(audience: string): Promise<ApiDocument> {
  return (await (await fetch(at(`/openapi/${audience}.json`))).json()) as ApiDocument;
}

describe('the edge', () => {
  test('lists the documents that it shows, and serves each to whoever asks', async () => {
    const { documents } = (await (await fetch(at('/openapi'))).json()) as { documents: string[] };
    expect(documents).toEqual(audiences.map((audience) => `/openapi/${audience}.json`));
    for (const path of documents) {
      const response = await fetch(at(path));
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect(await response.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) });
    }
  });

  test('compresses them', async () => {
    const response = await fetch(at('/openapi/partners.json'), { headers: { 'accept-encoding': 'br' } });
    expect(response.headers.get('content-encoding')).toBe('br');
  });

  test.each(['/docs', '/docs/page.js', '/docs/page.css'])('lets %s be in no frame, and talk to nobody else', async (path) => {
    const { headers, status } = await fetch(at(path));
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*connect-src 'self'.*frame-ancestors 'none'/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    ['POST', '/openapi/partners.json'],
    ['GET', '/openapi/nobody.json'],
    ['GET', '/openapi/../openapi.json'],
    ['GET', '/docs/page.html'],
  ])('has nothing for %s %s', async (method, path) => {
    expect((await fetch(at(path), { method })).status).toBe(401);
  });

  test('gives a document to no path that only looks like it, and a token changes nothing', async () => {
    const headers = { authorization: 'Bearer a.b.c' };
    expect((await fetch(at('/openapi/partners.json'), { headers })).status).toBe(200);
    expect((await fetch(at('/openapi/partners.json/'), { headers })).status).toBe(401);
  });
});

const executablePath = findBrowser();
/** CI installs one before. */
const required = process.env['KUMIKO_REQUIRE_BROWSER'] !== undefined;
const missing = executablePath === undefined && !required;
const title = 'the reference page in a browser';

describe.skipIf(missing)(missing ? `${title} (skipped: there is none; apt-get install chromium)` : title, () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests: { readonly url: string; readonly bytes: Promise<number> }[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    complaints.length = 0;
    requests.length = 0;
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('response', (response) => {
      if (!response.url().startsWith('data:'))
        requests.push({
          url: response.url(),
          bytes: response.body().then(
            (body) => body.length,
            () => 0,
          ),
        });
    });
  });
  afterEach(() => page.close());

  async function open(audience: string): Promise<void> {
    await page.goto(at(`/docs#${audience}`));
    const { info } = await documentOf(audience);
    await page.locator('#title', { hasText: info.title }).waitFor();
  }

  /** Opens an operation, presses its button, and returns what is answered once it begins like that. */
  async function send(operation: string, status: number): Promise<string> {
    const view = page.locator(`#${operation}`);
    if ((await view.getAttribute('open')) === null) await view.locator('summary').click();
    await view.getByRole('button', { name: 'Send' }).click();
    const answer = view.getByLabel('Answer', { exact: true });
    await answer.filter({ hasText: new RegExp(`^${status}[^…]*[\\]})]`) }).waitFor();
    return (await answer.textContent()) ?? '';
  }

  test.each(audiences)("shows every operation of the %s' document", async (audience) => {
    await open(audience);
    const { paths } = await documentOf(audience);
    const ids = Object.values(paths).flatMap((verbs) => Object.values(verbs).map(({ operationId }) => operationId));
    const shown = await page.locator('details.operation').evaluateAll((all) => all.map(({ id }) => id));
    expect(shown.toSorted()).toEqual(ids.toSorted());
    for (const id of ids) {
      await page.locator(`#${id} > summary`).click();
      await page.locator(`#${id} h3`, { hasText: 'Answers' }).waitFor();
    }
    expect(complaints).toEqual([]);
  });

  test('is light, and asks nobody but the edge', async () => {
    await open('partners');
    expect(requests.filter(({ url }) => !url.startsWith(stage.platform.endpoints.edge))).toEqual([]);
    const own = await Promise.all(requests.filter(({ url }) => !url.includes('/openapi')).map(({ bytes }) => bytes));
    expect(own.length).toBe(3);
    expect(own.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(20_000);
  });

  test('calls a method with the token that is entered, and says what comes without one', async () => {
    await open('partners');
    expect(await send('listDeals', 401)).toContain('Jwt is missing');
    await page.fill('#token', await devToken(stage.platform.endpoints, 'partner', 'acme'));
    expect(await send('listDeals', 200)).toContain('"deals/');
    expect(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual([0, 0, '']);
  });

  test('sends the example of a body as it stands, each time as a new request', async () => {
    await open('partners');
    await page.fill('#token', await devToken(stage.platform.endpoints, 'partner', 'acme'));
    const made = JSON.parse((await send('createDeal', 200)).replace(/^200[^{]*/, '')) as { name: string; state: string };
    expect(made).toMatchObject({ name: expect.stringMatching(/^deals\//), state: 'STATE_DRAFT' });
  });

  test('shows what is answered as a text, whatever is in it', async () => {
    await open('partners');
    await page.fill('#token', await devToken(stage.platform.endpoints, 'partner', 'acme'));
    await page.locator('#createDeal > summary').click();
    const body = page.locator('#createDeal').getByLabel('Body', { exact: true });
    const deal = JSON.parse(await body.inputValue()) as object;
    await body.fill(JSON.stringify({ ...deal, title: '<img src=x onerror=alert(1)>' }));
    expect(await send('createDeal', 200)).toContain('<img src=x onerror=alert(1)>');
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('shows a stream as it comes, until it is stopped', async () => {
    await open('partners');
    await page.fill('#token', await devToken(stage.platform.endpoints, 'partner', 'acme'));
    expect(await send('watchOrders', 200)).toMatch(/^200 OK\s+\{/);
    const view = page.locator('#watchOrders');
    await view.getByRole('button', { name: 'Stop' }).click();
    await view.getByLabel('Answer', { exact: true }).filter({ hasText: '(stopped)' }).waitFor();
  });
});
