// A real Chromium on the real system. Nothing but that system may be asked for anything.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import axe from 'axe-core';
import { type Browser, chromium, type Page, type Request, type Route } from 'playwright-core';

function named(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are started by "cargo test -p e2e --test browser"`);
  return value;
}

export const base = named('HOTELS_URL');
export const STAY = 'inDate=2015-04-09&outDate=2015-04-10&locale=en';
export const HOTELS = '**/hotels?*';

const WITH_MAP = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
/** Longer than anything takes on a machine that does much else, in milliseconds. */
const PATIENCE = 45_000;
/** No name leads anywhere: all that works, works without the internet. */
const OFFLINE = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';
const QUIET = [OFFLINE, '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const pictures = process.env['BROWSER_PICTURES'];

const browsers = new Map<string, Promise<Browser>>();

function browser(isMapless: boolean): Promise<Browser> {
  const key = String(isMapless);
  const args = [...QUIET, ...(isMapless ? ['--disable-3d-apis'] : WITH_MAP)];
  const running = browsers.get(key) ?? chromium.launch({ executablePath: named('CHROMIUM_BIN'), args });
  browsers.set(key, running);
  return running;
}

after(async () => {
  for (const running of browsers.values()) await (await running).close();
});

export interface Options {
  /** Another than the first page. */
  path?: string;
  query?: string;
  isPhone?: boolean;
  isDark?: boolean;
  isCalm?: boolean;
  isMapless?: boolean;
  /** Hosts besides the frontend that may be asked. */
  hosts?: string[];
  /** What the console may say besides nothing. */
  expected?: RegExp;
  before?(page: Page): Promise<unknown>;
}

/** Opens the page, and afterwards looks whether anybody else was asked, and whether it complained. */
export async function onPage(options: Options, use: (page: Page) => Promise<void>): Promise<void> {
  const { query = STAY, path = `/?${query}`, isPhone = false, isDark = false, isCalm = false, isMapless = false, hosts = [] } = options;
  const context = await (await browser(isMapless)).newContext({
    viewport: isPhone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    hasTouch: isPhone,
    colorScheme: isDark ? 'dark' : 'light',
    reducedMotion: isCalm ? 'reduce' : 'no-preference',
    locale: 'en-US',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const known = [new URL(base).host, ...hosts];
  const strangers: Request[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http') && !known.includes(host)) strangers.push(request);
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !options.expected?.test(text)) complaints.push(text);
  });
  try {
    await options.before?.(page);
    await page.goto(`${base}${path}`);
    await use(page);
    // What the policy of the page stops has gone nowhere.
    const gone = strangers.filter((request) => request.failure()?.errorText !== 'csp');
    assert.deepEqual(gone.map((request) => request.url()), [], 'no request leaves the machine');
    assert.deepEqual(complaints, [], 'the console says nothing');
  } finally {
    await context.close();
  }
}

/** Waits until the list is there. */
export async function listed(page: Page): Promise<void> {
  await page.locator('.card').first().waitFor();
}

/** Waits until the map has drawn all that it has to. */
export async function mapped(page: Page): Promise<void> {
  await listed(page);
  await page.locator('#map.ready').waitFor({ state: 'attached' });
}

/** Waits until a condition holds on the page; tells what was `seen` where it does not. The policy of the page forbids conditions that come as text. */
export async function until(what: string, is: () => Promise<boolean>, seen?: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await is())) {
    if (Date.now() > end) assert.fail(`waited in vain: ${what}${seen ? `, of ${JSON.stringify(await seen())}` : ''}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** Collects all that an element says, for what it says next takes the place of that. To be called before the page is opened. */
export async function hear(page: Page, id: string): Promise<void> {
  await page.addInitScript((id) => {
    const heard: string[] = [];
    Object.assign(window, { [`heard-${id}`]: heard });
    const isOf = (node: Node): boolean => (node instanceof Element ? node : node.parentElement)?.closest(`#${id}`) != null;
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        if (isOf(target)) heard.push(...[...addedNodes].map((node) => node.textContent ?? ''));
      }
    }).observe(document, { childList: true, subtree: true });
  }, id);
}

/** All that it has said so far. */
export const heard = (page: Page, id: string): Promise<string[]> =>
  page.evaluate((name) => (window as unknown as Record<string, string[]>)[name] ?? [], `heard-${id}`);

/** Waits until an element has said something, however soon it said something else. */
export const told = (page: Page, id: string, what: RegExp): Promise<void> =>
  until(`#${id} says ${what}`, async () => (await heard(page, id)).some((text) => what.test(text)), () => heard(page, id));

export const cards = (page: Page): Promise<string[]> => page.locator('.card .name').allTextContents();
export const parameter = (page: Page, name: string): string | null => new URL(page.url()).searchParams.get(name);

/** No violation of what axe knows, the rules of WCAG 2.2 AA and good practice. */
export async function accessible(page: Page, state: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: it } = window as unknown as { axe: typeof axe };
    const { violations } = await it.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(found, [], state);
}

/** Keeps a picture, for people. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** Answers in the place of the service, in the shape that it has. */
export function fault(status: number, code: string, headers: Record<string, string> = {}): (route: Route) => Promise<void> {
  const body = JSON.stringify({ error: { code, message: 'search: nobody is there' } });
  return (route) => route.fulfill({ status, headers: { 'content-type': 'application/json', ...headers }, body });
}

interface Feature {
  id: string;
  properties: Record<string, unknown>;
  geometry: { type: 'Point'; coordinates: number[] };
}

/** The real answer, changed. */
export function changed(change: (features: Feature[]) => Feature[]): (route: Route) => Promise<void> {
  return async (route) => {
    const response = await route.fetch();
    const json = (await response.json()) as { features: Feature[] };
    await route.fulfill({ response, json: { ...json, features: change(json.features) } });
  };
}
