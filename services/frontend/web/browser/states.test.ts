// What people meet when not all is well, and what the page costs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { accessible, cards, changed, fault, hear, HOTELS, listed, mapped, onPage, picture, STAY, told, until } from './support.ts';

test('skeletons wait where cards will be, and nothing jumps', () => {
  const { promise: seen, resolve: answer } = withResolvers();
  return onPage({ before: async (page) => {
    await page.route(HOTELS, (route) => seen.then(() => route.continue()));
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => (entry as unknown as { value: number }).value)))
        .observe({ type: 'layout-shift', buffered: true });
    });
  } }, async (page) => {
    const places = (of: string): Promise<number[][]> =>
      page.locator(of).evaluateAll((all) => all.slice(0, 5).map((one) => one.getBoundingClientRect()).map(({ x, y, width, height }) => [x, y, width, height]));
    await page.locator('.skeleton').first().waitFor();
    assert.equal(await page.getAttribute('#results', 'aria-busy'), 'true');
    const before = await places('.skeleton');
    answer();
    await mapped(page);
    assert.deepEqual(await places('.card'), before);
    const shift = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts.reduce((sum, one) => sum + one, 0));
    assert.ok(shift < 0.02, `${shift}`);
  });
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

test('the list can be used before the map is there, and the whole is light', () => {
  const { promise: used, resolve: load } = withResolvers();
  return onPage({ before: (page) => page.route('**/maplibre-gl-*.mjs', (route) => used.then(() => route.continue())) }, async (page) => {
    await listed(page);
    await page.locator('.card .name').first().click();
    await page.locator('#panel h2').waitFor();
    assert.equal(await page.locator('.pin').count(), 0, 'the map is not there yet');
    load();
    await mapped(page);
    const loaded = await page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .map((entry) => entry as PerformanceResourceTiming).map(({ name, encodedBodySize }) => ({ name, encodedBodySize })));
    const bytes = loaded.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    // The base map is not among them, as another thread loads it.
    assert.ok(bytes > 400_000 && bytes < 560_000 - 20_000, `${bytes}: ${JSON.stringify(loaded)}`);
  });
});

test('rate limited, it counts down and goes on by itself', () =>
  onPage({ expected: /429/, before: async (page) => {
    let asked = 0;
    await page.route(HOTELS, (route) => ((asked += 1) > 1 ? route.continue() : fault(429, 'RATE_LIMITED', { 'retry-after': '3' })(route)));
    await hear(page, 'state');
  } }, async (page) => {
    await told(page, 'state', /starts in 3 s/);
    await told(page, 'state', /starts in [12] s/);
    await listed(page);
  }));

test('rate limited, it says so to everybody', () =>
  onPage({ expected: /429/, before: (page) => page.route(HOTELS, fault(429, 'RATE_LIMITED', { 'retry-after': '600' })) }, async (page) => {
    await page.getByText(/starts in \d+ s/).waitFor();
    assert.equal(await page.getAttribute('#state', 'role'), 'alert');
    await accessible(page, 'limited');
  }));

for (const [status, code, said] of [[503, 'UNAVAILABLE', 'cannot be found at the moment'], [504, 'DEADLINE_EXCEEDED', 'took too long'], [500, 'INTERNAL', 'cannot be found']] as const) {
  test(`an answer of ${status} says so, and a retry may help`, () =>
    onPage({ expected: new RegExp(String(status)), before: async (page) => {
      let asked = 0;
      await page.route(HOTELS, (route) => ((asked += 1) > 1 ? route.continue() : fault(status, code, { 'retry-after': '1' })(route)));
    } }, async (page) => {
      await page.getByRole('alert').getByText(said).waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      await listed(page);
      assert.ok(await page.locator('#state').isHidden());
    }));
}

test('a server that is gone is told of', () =>
  onPage({ expected: /ERR_FAILED/, before: (page) => page.route(HOTELS, (route) => route.abort()) }, async (page) => {
    await page.getByRole('alert').getByText('The server cannot be reached').waitFor();
    await page.unroute(HOTELS);
    await page.getByRole('button', { name: 'Try again' }).click();
    await listed(page);
  }));

test('an answer that makes no sense breaks nothing', () =>
  onPage({ before: (page) => page.route(HOTELS, (route) => route.fulfill({ json: { features: [1, null, { id: '1' }] } })) }, async (page) => {
    await page.getByRole('heading', { name: 'No hotel has a room' }).waitFor();
  }));

test('without WebGL the list works, and it says why there is no map', () =>
  onPage({ isMapless: true, expected: /WebGL/i }, async (page) => {
    await listed(page);
    await page.getByText('it has no WebGL 2').waitFor();
    await page.locator('.card .name').first().click();
    await page.locator('#panel h2', { hasText: 'Phoenix Hotel' }).waitFor();
    await accessible(page, 'no map');
    await picture(page, 'desktop-mapless');
  }));

test('files of the map that do not come are told of', () =>
  onPage({ expected: /ERR_FAILED/, before: (page) => page.route('**/maplibre-gl-*.mjs', (route) => route.abort()) }, async (page) => {
    await page.getByText('its files cannot be loaded').waitFor();
    await listed(page);
  }));

test('an answer says how it was made', () =>
  onPage({}, async (page) => {
    await listed(page);
    const [response] = await Promise.all([page.waitForResponse(HOTELS), page.reload()]);
    const trace = response.headers()['x-trace-id'] ?? '';
    await page.locator(`#made a[href="http://localhost:16686/trace/${trace}"]`).waitFor();
    assert.match(trace, /^[0-9a-f]{32}$/);
    assert.match(await page.locator('#made b').first().innerText(), /^[\d.]+ ms$/);
    await page.locator('#made summary').click();
    const hops = await page.locator('#made li').evaluateAll((all) => all.map((hop) => [hop.querySelector('b')?.textContent, hop.querySelector('code')?.textContent]));
    assert.deepEqual(hops.map(([service]) => service), ['frontend', 'search', 'geo', 'rate', 'profile']);
    for (const [service, instance] of hops) assert.ok(instance?.startsWith(`${service}-`), String(instance));
  }));

/** The states that differ in what is on the page. */
const STATES: [string, string, (page: Page) => Promise<unknown>, ((page: Page) => Promise<unknown>)?][] = [
  ['results', STAY, mapped],
  ['panel', `${STAY}&hotel=7`, (page) => page.locator('#panel h2').waitFor().then(() => mapped(page))],
  ['empty', `${STAY}&lat=37.7&lon=-122.5&radius=1`, (page) => page.locator('#state h2').waitFor()],
  ['bad-dates', 'inDate=2015-04-09&outDate=2015-04-09&locale=en', (page) => page.locator('#outDate-fault:not(:empty)').waitFor()],
  ['down', STAY, (page) => page.locator('#state .services').waitFor(), (page) => page.route(HOTELS, fault(503, 'UNAVAILABLE'))],
  ['degraded', STAY, (page) => page.locator('#notice p').waitFor(), (page) => page.route(HOTELS, async (route) => {
    const response = await route.fetch();
    const { features } = (await response.json()) as { features: { properties: object }[] };
    const bare = features.map((feature) => ({ ...feature, properties: { ...feature.properties, price: undefined } }));
    await route.fulfill({ response, json: { type: 'FeatureCollection', degraded: ['rate'], features: bare } });
  })],
];

for (const isPhone of [false, true]) {
  for (const isDark of [false, true]) {
    const size = `${isPhone ? 'phone' : 'desktop'}-${isDark ? 'dark' : 'light'}`;
    test(`everybody can use every state: ${size}`, async () => {
      for (const [state, query, shown, before] of STATES) {
        await onPage({ query, isPhone, isDark, isCalm: true, expected: /503/, ...(before && { before }) }, async (page) => {
          await shown(page);
          // Where no hotels are shown, there is a map all the same.
          await page.locator('#map.ready').waitFor({ state: 'attached' });
          await accessible(page, `${size} ${state}`);
          await picture(page, `${size}-${state}`);
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(width <= (isPhone ? 390 : 1280), `${size} ${state} is ${width} wide`);
        });
      }
    });
  }
}

interface Box { x: number; y: number; width: number; height: number }

async function boxes(page: Page): Promise<Box[]> {
  return page.locator('.pin').evaluateAll((all) => all.map((pin) => {
    const { x, y, width, height } = pin.getBoundingClientRect();
    return { x, y, width, height };
  }));
}

async function apart(page: Page): Promise<void> {
  const all = await boxes(page);
  assert.ok(all.length > 10);
  for (const [n, one] of all.entries()) {
    assert.ok(one.width >= 24 && one.height >= 24, JSON.stringify(one));
    for (const other of all.slice(0, n)) {
      const isApart = one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
      assert.ok(isApart, JSON.stringify([one, other]));
    }
  }
}

for (const isPhone of [false, true]) {
  test(`no pin hides another on a ${isPhone ? 'phone' : 'desktop'}, and each can be hit`, () =>
    onPage({ isPhone, isCalm: true }, async (page) => {
      await mapped(page);
      await apart(page);
      assert.equal((await page.locator('.pin.dot').count()) > 0, isPhone, 'where there is no room, some are dots');
      for (const id of ['16', '10']) {
        await page.evaluate((each) => document.querySelector<HTMLElement>(`.pin[data-id="${each}"]`)?.click(), id);
        await page.locator(`.pin.selected[data-id="${id}"]:not(.dot)`).waitFor();
        await apart(page);
      }
    }));
}

test('hotels at the very same place can all be seen', () =>
  onPage({ before: (page) => page.route(HOTELS, changed((features) => features.map((feature) => ({ ...feature, geometry: { type: 'Point', coordinates: [-122.41, 37.785] } })))) },
  async (page) => {
    await mapped(page);
    await apart(page);
  }));

test('on a phone the map can have the whole screen, and every target is big enough', () =>
  onPage({ isPhone: true }, async (page) => {
    await mapped(page);
    const small = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>('button, a, select, input, summary')]
      .filter((one) => one.checkVisibility() && !one.classList.contains('skip') && !one.classList.contains('name'))
      .map((one) => ({ html: one.outerHTML.slice(0, 90), box: one.getBoundingClientRect() }))
      .filter(({ box }) => box.width < 24 || box.height < 24).map(({ html, box }) => `${html} ${box.width}x${box.height}`));
    assert.deepEqual(small, []);
    await page.getByRole('button', { name: 'Show map' }).click();
    assert.ok(await page.locator('#list').isHidden());
    assert.ok(((await page.locator('#map').boundingBox())?.height ?? 0) > 600);
    await accessible(page, 'phone, map alone');
    await picture(page, 'phone-map');
    await page.getByRole('button', { name: 'Show list' }).click();
    assert.ok(await page.locator('#list').isVisible());
    await page.locator('.card .name').first().tap();
    await page.locator('#panel h2').waitFor();
  }));

test('everything can be done by keyboard, and where one is can be seen', () =>
  onPage({ isCalm: true }, async (page) => {
    await mapped(page);
    const active = (): Promise<string> => page.evaluate(() => {
      const { activeElement: at } = document;
      return at?.id || at?.closest<HTMLElement>('[data-id]')?.dataset['id'] || String(at?.className);
    });
    const visited: string[] = [];
    for (let n = 0; n < 60; n += 1) {
      await page.keyboard.press('Tab');
      visited.push(await active());
      const isSeen = await page.evaluate(() => {
        const at = document.activeElement as HTMLElement;
        const parts = [at, ...at.querySelectorAll('*'), at.parentElement].filter((part) => part !== null);
        return at === document.body || parts.some((part) => getComputedStyle(part).outlineStyle !== 'none' || getComputedStyle(part, '::after').outlineStyle !== 'none');
      });
      assert.ok(isSeen, `one cannot see where ${visited.at(-1)} is`);
      if (visited.at(-1) === 'toggle' || visited.at(-1) === document_end) break;
    }
    for (const id of ['skip', 'inDate', 'outDate', 'primary', 'locale', 'theme', 'sort', 'most', 'chip', '5']) {
      assert.ok(visited.includes(id), `${id}: ${visited.join(' ')}`);
    }
    const pins = await page.locator('.pin').evaluateAll((all) => all.filter((pin) => (pin as HTMLElement).tabIndex === 0).length);
    assert.equal(pins, 1, 'one pin takes part in the order');

    await page.locator('.pin[tabindex="0"]').focus();
    const first = await active();
    await page.keyboard.press('ArrowRight');
    const second = await active();
    assert.notEqual(second, first);
    await page.keyboard.press('Enter');
    await page.locator(`.pin.selected[data-id="${second}"]`).waitFor();
    await page.locator('#panel h2').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#panel').waitFor({ state: 'hidden' });
  }));

const document_end = 'maplibregl-canvas maplibregl-none';

test('what was found is said once', () =>
  onPage({}, async (page) => {
    await listed(page);
    assert.equal(await page.getAttribute('#live', 'aria-live'), 'polite');
    await until('it is said', async () => /^\d+ hotels, Apr 9 – 10, 2015 · 1 night$/.test((await page.locator('#live').textContent()) ?? ''));
  }));

test('colours are those of the system until somebody says otherwise', () =>
  onPage({ isDark: true }, async (page) => {
    await mapped(page);
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.getByRole('button', { name: 'Switch to light colours' }).click();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    await listed(page);
    assert.equal(await ground(), light);
    await page.getByRole('button', { name: 'Switch to dark colours' }).waitFor();
  }));

test('whoever wants no movement gets none', () =>
  onPage({ isCalm: true, before: (page) => page.route(HOTELS, () => undefined) }, async (page) => {
    await page.locator('.skeleton').first().waitFor();
    const names = await page.evaluate(() => getComputedStyle(document.querySelector('.skeleton') as Element, '::after').animationName);
    assert.equal(names, 'none');
  }));

test('a hundred hotels are no burden', () =>
  onPage({ before: (page) => page.route(HOTELS, changed((features) => Array.from({ length: 100 }, (_, n) => {
    const one = features[n % features.length] as (typeof features)[number];
    const [lon = 0, lat = 0] = one.geometry.coordinates;
    return { ...one, id: `x${n}`, geometry: { type: 'Point' as const, coordinates: [lon + n / 20_000, lat - n / 30_000] } };
  }))) }, async (page) => {
    await mapped(page);
    assert.equal((await cards(page)).length, 100);
    assert.equal(await page.locator('.pin').count(), 100);
    await page.getByText('the nearest ones').first().waitFor();
    await apart(page);
  }));
