// The mesh page, while instances are started, stopped and killed.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { STATES } from '../src/mesh/picture.ts';
import { STATE_WORDS } from '../src/mesh/words.ts';
import { accessible, base, hear, onPage, picture, STAY, told, until } from './support.ts';

const MESH = { path: '/mesh' };
const SERVICES = ['frontend', 'geo', 'profile', 'rate', 'search'];

const started = new Set<ChildProcess>();
after(() => started.forEach((process) => process.kill('SIGKILL')));

/** Starts an instance of rate. */
function startRate(): ChildProcess {
  const { HOTELS_BINARY: binary, HOTELS_CONSUL: consul } = process.env;
  assert.ok(binary && consul);
  const child = spawn(binary, ['rate', '--listen', '127.0.0.1:0'], { env: { CONSUL_HTTP_ADDR: consul }, stdio: 'ignore' });
  started.add(child);
  return child;
}

const nodes = (page: Page, service: string) => page.locator(`[data-service="${service}"] .node`);
const states = (page: Page, service: string): Promise<(string | null)[]> =>
  nodes(page, service).evaluateAll((all) => all.map((node) => node.getAttribute('data-state')));

/** Waits until so many instances of rate pass, and one of everybody else. */
async function passing(page: Page, ofRate: number): Promise<void> {
  await until(`${ofRate} of rate pass`, async () => {
    const found = await Promise.all(SERVICES.map((service) => states(page, service)));
    return found.every((all, at) => all.length === (SERVICES[at] === 'rate' ? ofRate : 1) && all.every((state) => state === 'passing'));
  });
}

/** Asks for hotels, until told to end. */
function load(): () => Promise<void> {
  let isOn = true;
  const going = (async () => {
    while (isOn) await (await fetch(`${base}/hotels?${STAY}`)).arrayBuffer();
  })();
  return async () => {
    isOn = false;
    await going;
  };
}

/** How long a disagreement has to hold until it is flagged, and some more, in milliseconds. */
const FLAGGED_AFTER = 7000;

/** Reads what the page is told, beside it: all flags, of which the page shows those of now. */
class Follower {
  readonly flags: string[] = [];
  /** When the last picture was made, in milliseconds. */
  at = 0;
  readonly #leave = new AbortController();
  readonly #going = this.#follow();

  async #follow(): Promise<void> {
    const { body } = await fetch(`${base}/mesh/events`, { signal: this.#leave.signal });
    assert.ok(body);
    let text = '';
    for await (const part of body.pipeThrough(new TextDecoderStream())) {
      const events = (text + part).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const picture = JSON.parse(event.slice('data: '.length)) as { at: string; disagreements: { text: string }[] };
        this.at = Date.parse(picture.at);
        this.flags.push(...picture.disagreements.map(({ text }) => text));
      }
    }
  }

  async end(): Promise<void> {
    this.#leave.abort();
    await this.#going.catch(() => undefined);
  }
}

test('instances come and go while the page is open', async () => {
  const follower = new Follower();
  await onPage({ ...MESH, before: (page) => hear(page, 'told') }, async (page) => {
    await passing(page, 1);
    const [kept, other] = [startRate(), startRate()];
    await passing(page, 3);
    await told(page, 'told', /rate-\S+ has come/);
    assert.equal(await page.locator('#instances tbody tr').count(), 7);

    kept.kill('SIGTERM');
    await passing(page, 2);
    await told(page, 'told', /rate-\S+ has gone/);
    const left = follower.at;
    await until('what differs would be flagged by now', async () => follower.at > left + FLAGGED_AFTER);
    assert.deepEqual(follower.flags, [], 'nothing of that is a disagreement');
    await follower.end();

    other.kill('SIGKILL');
    await until('one is lost', async () => (await states(page, 'rate')).some((state) => state === 'connecting' || state === 'critical') || (await states(page, 'rate')).length === 1);
    // Nothing of that is a page that was loaded anew.
    assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation').length), 1);
  });
});

test('calls are seen where they go', async () => {
  await onPage(MESH, async (page) => {
    const end = load();
    try {
      await until('edges carry rates', async () => (await page.locator('.edge.busy text').count()) >= 4);
      await until('nodes have figures', async () => /\/s · 0 % failed · 100 % of turns.*p99 [\d.]+ m?s · \d/.test((await nodes(page, 'search').textContent()) ?? ''));
      const row = page.locator('#calls tbody tr', { hasText: 'search' }).filter({ hasText: 'geo' });
      assert.match((await row.textContent()) ?? '', /searchgeo[\d.]+\/s/);
      await picture(page, 'mesh-light');
      await accessible(page, 'with calls');
    } finally {
      await end();
    }
  });
});

test('on a phone, too, one sees who calls whom', async () => {
  await onPage({ ...MESH, isPhone: true }, async (page) => {
    const end = load();
    try {
      await page.locator('[data-service="geo"] .callers', { hasText: /^called by search [\d.<]+\/s/ }).waitFor();
      await page.locator('[data-service="profile"] .callers', { hasText: /^called by frontend [\d.<]+\/s/ }).waitFor();
      const boxes = await page.locator('.service').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
      const ways = await page.locator('.edge .way').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right));
      assert.ok(ways.length >= 4);
      // A line through a service would say that it takes part in the call.
      for (const right of ways) assert.ok(right <= Math.min(...boxes) + 1, `${right} ${boxes.join(' ')}`);
      await picture(page, 'mesh-phone-calls');
      await accessible(page, 'with calls, on a phone');
    } finally {
      await end();
    }
  });
});

test('a load is put on the frontend, and stopped', async () => {
  await onPage(MESH, async (page) => {
    const said = page.locator('#loadSaid');
    // What is above the form stands where it will.
    await nodes(page, 'search').first().waitFor();
    await page.locator('#loadRate').fill('20');
    await page.locator('#loadSeconds').fill('2');
    await page.locator('#loadStart').click();
    await until('all is answered', async () => /^40 sent, 40 answered; half within [\d.]+ m?s/.test((await said.textContent()) ?? ''));
    assert.equal(await page.locator('#loadStart').textContent(), 'Run');
    const counts = await page.locator('#loadBars td:not(.bar)').allTextContents();
    assert.equal(counts.reduce((sum, count) => sum + Number(count), 0), 40);
    assert.match((await page.locator('#loadTold').textContent()) ?? '', /^The load is over: 40 sent/);
    await accessible(page, 'after a load');

    await page.locator('#loadSeconds').fill('60');
    await page.locator('#loadStart').click();
    await until('it runs', async () => /^[1-9]\d* sent/.test((await said.textContent()) ?? ''));
    await page.locator('#loadStart').click();
    assert.equal(await page.locator('#loadStart').textContent(), 'Run');
  });
});

for (const isDark of [false, true]) {
  for (const isPhone of [false, true]) {
    const name = `${isPhone ? 'phone' : 'desk'}-${isDark ? 'dark' : 'light'}`;
    test(`the page is for everybody: ${name}`, async () => {
      await onPage({ ...MESH, isDark, isPhone }, async (page) => {
        await nodes(page, 'search').first().waitFor();
        await nodes(page, 'search').first().click();
        await page.locator('#detail').waitFor();
        const [title, head] = await Promise.all([page.locator('#detailTitle').boundingBox(), page.locator('.top').boundingBox()]);
        assert.ok((title?.y ?? 0) >= (head?.height ?? 0), 'what has the focus is not below the head');
        assert.ok(await page.locator('#faults').isHidden(), 'nobody allows faults');
        await accessible(page, name);
        const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok((wide ?? 0) <= (seen ?? 0), 'nothing is beside the screen');
        await picture(page, `mesh-${name}`);
      });
    });
  }
}

test('an instance is looked at by keyboard', async () => {
  await onPage(MESH, async (page) => {
    const node = nodes(page, 'search').first();
    await node.waitFor();
    await node.focus();
    await page.keyboard.press('Enter');
    const id = await node.getAttribute('data-instance');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), id);
    await until('its view is of now', async () => /Own viewof now/.test((await page.locator('#detail').textContent()) ?? ''));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.ok(await page.locator('#detail').isHidden());
    assert.equal(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['instance']), id);
  });
});

test('nothing is collected for a page that nobody sees', async () => {
  await onPage(MESH, async (page) => {
    const standing = page.locator('#standing');
    const see = (state: string): Promise<void> =>
      page.evaluate((state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await until('it is live', async () => (await standing.textContent()) === 'Live');
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/mesh/events'));
    await see('hidden');
    await ended;
    assert.equal(await standing.textContent(), 'Paused');
    await see('visible');
    await until('it is live again', async () => (await standing.textContent()) === 'Live');
  });
});

test('a frontend that does not answer is asked again', async () => {
  let isDown = true;
  const before = (page: Page): Promise<unknown> => page.route('**/mesh/events', (route) => (isDown ? route.fulfill({ status: 503 }) : route.continue()));
  await onPage({ ...MESH, before, expected: /503/ }, async (page) => {
    await page.getByText('Waiting for the frontend…').waitFor();
    assert.ok(await page.locator('#first').isVisible());
    isDown = false;
    await nodes(page, 'search').first().waitFor();
  });
});

for (const isDark of [false, true]) {
  test(`every state has its word and can be read: ${isDark ? 'dark' : 'light'}`, async () => {
    const figures = { version: '1.2.3', zone: 'zone-b', rate: 12.5, errors: 0.25, p50_ms: 1.5, p99_ms: 42, share: 0.125 };
    const instances = STATES.map((state) => ({ id: `rate-${state}`, state, ...figures }));
    const said = {
      services: [{ name: 'search', instances: [{ id: 'search-1', state: 'passing' }] }, { name: 'rate', instances }],
      edges: [{ from: 'search', to: 'rate', rate: 100, errors: 0.25 }],
      disagreements: [],
      registry: 'connection refused',
    };
    const before = (page: Page): Promise<unknown> =>
      page.route('**/mesh/events', (route) => route.fulfill({ headers: { 'content-type': 'text/event-stream' }, body: `data: ${JSON.stringify(said)}\n\n` }));
    await onPage({ ...MESH, isDark, before }, async (page) => {
      for (const state of STATES) {
        const node = page.locator(`.node[data-instance="rate-${state}"]`);
        assert.equal(await node.locator('.state').textContent(), STATE_WORDS[state]);
        assert.deepEqual(await node.locator('.figures').allTextContents(), ['13/s · 25 % failed · 13 % of turns', 'p50 1.5 ms · p99 42 ms · 1.2.3 · zone-b']);
      }
      await page.locator('.node[data-instance="rate-half_open"]').click();
      const detail = (await page.locator('#detail').textContent()) ?? '';
      for (const part of ['half-open', '1.2.3', 'zone-b', '1.5 ms', '42 ms', '13 %']) assert.ok(detail.includes(part), `${part}: ${detail}`);
      assert.deepEqual(await page.locator('.edge.failing tspan').allTextContents(), ['100/s', '25 % failed']);
      await page.getByText('The registry does not answer: connection refused').waitFor();
      // The answer has ended: what is shown is not of now.
      await page.locator('#standing', { hasText: /^No answer since \d/ }).waitFor();
      await accessible(page, 'every state');
      await picture(page, `mesh-states-${isDark ? 'dark' : 'light'}`);
    });
  });
}

test('what somebody calls himself is shown as text', async () => {
  const name = '<img src=x onerror=alert(1)>';
  const said = { services: [{ name: 'rate', instances: [{ id: name, state: 'critical', why: name }] }], edges: [], disagreements: [{ text: `search still calls ${name}`, seconds: 7 }] };
  const before = (page: Page): Promise<unknown> =>
    page.route('**/mesh/events', (route) => route.fulfill({ headers: { 'content-type': 'text/event-stream' }, body: `data: ${JSON.stringify(said)}\n\n` }));
  await onPage({ ...MESH, before }, async (page) => {
    await page.getByText(`search still calls ${name}`).first().waitFor();
    await page.locator('.node').click();
    assert.equal(await page.locator('#detailTitle').textContent(), name);
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    await accessible(page, 'flagged');
  });
});
