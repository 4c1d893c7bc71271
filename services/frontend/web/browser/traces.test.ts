// The traces that are kept in memory, on the mesh page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { accessible, base, listed, onPage, picture, STAY, until } from './support.ts';

const MESH = { path: '/mesh' };

/** Asks for hotels, and returns the id of the trace. */
async function ask(): Promise<string> {
  const response = await fetch(`${base}/hotels?${STAY}`, { headers: { 'x-bellhop-explain': '1' } });
  await response.arrayBuffer();
  return response.headers.get('x-trace-id') ?? '';
}

const request = (page: Page, id: string) => page.locator(`.request[data-trace="${id}"]`);
const services = (page: Page): Promise<string[]> => page.locator('#trace tbody th b').allTextContents();

test('a request is listed, and each of its hops is in the waterfall', async () => {
  await onPage(MESH, async (page) => {
    const [first, last] = [await ask(), await ask()];
    await request(page, last).waitFor();
    assert.match(await request(page, last).innerText(), /GET \/hotels\s+200\s+[\d.]+ (ms|µs|s)/);
    const ids = await page.locator('.request').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset['trace']));
    assert.ok(ids.indexOf(last) < ids.indexOf(first), 'the latest is first');

    await request(page, last).click();
    await page.locator('#trace tbody tr').first().waitFor();
    await until('every member is seen', async () => {
      // On a busy machine one may be late.
      const again = page.getByRole('button', { name: 'Ask again' });
      if (await again.count()) await again.click();
      return (await page.locator('#trace p').count()) === 0;
    });
    const found = await services(page);
    assert.equal(found[0], 'frontend');
    for (const service of ['search', 'geo', 'rate', 'profile']) assert.ok(found.includes(service), `${service}: ${found.join(' ')}`);
    const bars = await page.locator('#trace .bar').evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect()).map(({ left, right, width }) => [left, right, width]));
    const [whole] = bars;
    for (const [left = 0, right = 0, width = 0] of bars) {
      assert.ok(width >= 3 && left >= (whole?.[0] ?? 0) - 1 && right <= (whole?.[1] ?? 0) + 4, JSON.stringify(bars));
    }
  });
});

for (const isDark of [false, true]) {
  for (const isPhone of [false, true]) {
    const name = `${isPhone ? 'phone' : 'desk'}-${isDark ? 'dark' : 'light'}`;
    test(`a trace is for everybody: ${name}`, async () => {
      const id = await ask();
      await onPage({ path: `/mesh#trace=${id}`, isDark, isPhone }, async (page) => {
        await page.locator('#trace tbody tr').first().waitFor();
        await request(page, id).waitFor();
        await accessible(page, name);
        const cut = await page.locator('#trace tbody :is(th, td)').evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
        assert.deepEqual(cut, [], 'all of it can be read');
        const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok((wide ?? 0) <= (seen ?? 0), 'nothing is beside the screen');
        await page.locator('#trace').scrollIntoViewIfNeeded();
        await picture(page, `trace-${name}`);
      });
    });
  }
}

test('a trace is looked at by keyboard', async () => {
  await onPage(MESH, async (page) => {
    const id = await ask();
    await request(page, id).focus();
    await page.keyboard.press('Enter');
    await until('its title has the focus', async () => (await page.evaluate(() => document.activeElement?.textContent)) === `Trace ${id.slice(0, 8)}`);
    assert.equal(await request(page, id).getAttribute('aria-pressed'), 'true');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.ok(await page.locator('#trace').isHidden());
    assert.equal(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['trace']), id);
  });
});

test('the list keeps the focus while further requests come', async () => {
  await onPage(MESH, async (page) => {
    const id = await ask();
    await request(page, id).focus();
    const next = await ask();
    await request(page, next).waitFor();
    assert.equal(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['trace']), id);
  });
});

test('a row that somebody points at stays where it is', async () => {
  await onPage(MESH, async (page) => {
    const id = await ask();
    // What is above the list stands where it will.
    await page.locator('#instances tbody tr').nth(4).waitFor();
    const list = page.locator('#traces');
    await list.evaluate((one) => one.addEventListener('pointerleave', () => (one.dataset['left'] = 'yes')));
    const ids = (): Promise<(string | undefined)[]> => page.locator('.request').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset['trace']));
    const listed = async (): Promise<void> => void (await page.waitForResponse('**/mesh/traces'));
    let next = id;
    await until('nothing above moves the list away meanwhile', async () => {
      await list.evaluate((one) => delete one.dataset['left']);
      await request(page, id).hover();
      const before = await ids();
      next = await ask();
      for (let times = 0; times < 2; times += 1) await listed();
      const after = await ids();
      if ((await list.getAttribute('data-left')) !== null) return false;
      assert.deepEqual(after, before);
      return true;
    });
    await page.mouse.move(5, 5);
    await request(page, next).waitFor();
  });
});

test('an answer on the map page leads to its trace', async () => {
  await onPage({}, async (page) => {
    await listed(page);
    const link = page.locator('#made a[data-trace]');
    const id = await link.getAttribute('data-trace');
    await link.click();
    await page.locator('#trace h3', { hasText: `Trace ${id?.slice(0, 8)}` }).waitFor();
    assert.ok((await services(page)).includes('geo'));
  });
});

test('a trace that nobody keeps is told of', async () => {
  await onPage({ path: `/mesh#trace=${'ab'.repeat(16)}`, expected: /404/ }, async (page) => {
    await page.getByText('No member keeps this trace').waitFor();
    await accessible(page, 'no trace');
  });
});

test('names of spans are shown as text, and what happened is told', async () => {
  const name = '<img src=x onerror=alert(1)>';
  const trace = 'cd'.repeat(16);
  const at = { start_us: 1e15, took_us: 5000, status: '200', failed: false };
  const spans = [
    { ...at, id: '1', service: name, instance: name, name, kind: 'server', attributes: {}, events: [] },
    { ...at, id: '2', parent: '1', service: 'search', instance: 'search-1', name: 'rate.Rate/GetRates', kind: 'client', status: 'UNAVAILABLE', failed: true, attributes: { 'bellhop.attempt': 'first' }, events: [{ name: 'bellhop.breaker.opened', at_us: 1e15 + 2000, attributes: { instance: name } }] },
  ];
  const before = async (page: Page): Promise<void> => {
    await page.route('**/mesh/traces', (route) => route.fulfill({ json: { kept: true, traces: [{ ...at, trace, name, spans: 2 }] } }));
    await page.route(`**/mesh/traces/${trace}`, (route) => route.fulfill({ json: { trace, spans, unseen: { [name]: 'it did not answer in time' } } }));
  };
  await onPage({ ...MESH, before }, async (page) => {
    await request(page, trace).click();
    await page.getByText(`breaker opened: ${name}, after 2.0 ms`).waitFor();
    await page.getByText('first attempt').waitFor();
    await page.getByText(`Spans of ${name} are not seen: it did not answer in time`).waitFor();
    const asked = page.waitForRequest(`**/mesh/traces/${trace}`);
    await page.getByRole('button', { name: 'Ask again' }).click();
    await asked;
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    await accessible(page, 'failed');
  });
});

test('where a collector has the traces the list says so', async () => {
  const before = async (page: Page): Promise<void> => {
    await page.route('**/mesh/traces', (route) => route.fulfill({ json: { kept: false, traces: [] } }));
    await page.route('**/settings.json', (route) => route.fulfill({ json: { jaeger: 'http://localhost:16686' } }));
  };
  await onPage({ ...MESH, before }, async (page) => {
    await page.getByText('Spans go to a collector').waitFor();
    await page.locator('#tracesSaid a[href="http://localhost:16686"]').waitFor();
  });
});
