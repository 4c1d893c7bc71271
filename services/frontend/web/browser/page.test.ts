// What people do with the page: look, choose, go back, search elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cards, changed, HOTELS, listed, mapped, onPage, parameter, picture, STAY, until } from './support.ts';

test('list and map show the same hotels, and one lights up the other', () =>
  onPage({}, async (page) => {
    await mapped(page);
    const names = await cards(page);
    const pins = await page.locator('.pin').evaluateAll((all) => all.map((pin) => pin.getAttribute('aria-label') ?? ''));
    assert.equal(names[0], 'Phoenix Hotel');
    assert.deepEqual(pins.map((pin) => pin.split(',')[0]), names);
    assert.match(pins[0] ?? '', /^Phoenix Hotel, \$119 a night, Rated 4\.2 of 5$/);

    await page.locator('.card[data-id="3"]').hover();
    await page.locator('.pin.hot[data-id="3"]').waitFor();
    await page.locator('.pin[data-id="11"]').hover();
    await page.locator('.card.hot[data-id="11"]').waitFor();
    assert.equal(await page.locator('.pin.hot').count(), 0);
    await page.locator('.card[data-id="5"] .name').focus();
    await page.locator('.pin.hot[data-id="5"]').waitFor();
    await page.locator('.pin[data-id="4"]').focus();
    await page.locator('.card.hot[data-id="4"]').waitFor();
  }));

test('a chosen hotel opens a panel, and back, reload and escape do what they should', () =>
  onPage({}, async (page) => {
    await mapped(page);
    await picture(page, 'desktop-light');
    await page.locator('.card[data-id="3"] .name').click();
    const panel = page.locator('#panel');
    await panel.getByRole('heading', { name: 'Hotel Zetta' }).waitFor();
    const text = await panel.innerText();
    for (const part of ['55 5th St', '4.5', '1.4 km from the centre', 'arcade games', '$109', '$109 total', '$123.17 with tax', 'King']) {
      assert.ok(text.includes(part), `${part}: ${text}`);
    }
    assert.equal(await panel.getByRole('link', { name: '(415) 543-8555' }).getAttribute('href'), 'tel:4155438555');
    assert.equal(await panel.locator('.hero').innerText(), 'Z');
    assert.equal(parameter(page, 'hotel'), '3');
    await page.locator('.pin.selected[data-id="3"]').waitFor();
    await until('the panel has the focus', () => page.evaluate(() => document.activeElement?.id === 'panel-name'));
    await picture(page, 'desktop-panel');

    await page.goBack();
    await panel.waitFor({ state: 'hidden' });
    assert.equal(parameter(page, 'hotel'), null);
    await page.goForward();
    await page.reload();
    await panel.getByRole('heading', { name: 'Hotel Zetta' }).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'hidden' });
    await until('the focus is back', () => page.evaluate(() => document.activeElement?.closest('li')?.dataset['id'] === '3'));
  }));

test('without a word on dates it is tomorrow for one night', () =>
  onPage({ query: '' }, async (page) => {
    await listed(page);
    const expected = await page.evaluate(() => {
      const day = (days: number): string => {
        const at = new Date();
        at.setDate(at.getDate() + days);
        return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
      };
      return [day(1), day(2)];
    });
    assert.deepEqual([await page.inputValue('#inDate'), await page.inputValue('#outDate')], expected);
    assert.equal(parameter(page, 'inDate'), expected[0]);
    assert.equal(await page.getAttribute('#inDate', 'type'), 'date');
  }));

test('dates are searched for, and back brings the ones before', () =>
  onPage({}, async (page) => {
    await listed(page);
    await page.fill('#inDate', '2015-07-10');
    assert.equal(await page.inputValue('#outDate'), '2015-07-11', 'the departure follows');
    await page.fill('#outDate', '2015-07-13');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('Jul 10 – 13, 2015 · 3 nights').first().waitFor();
    assert.equal(parameter(page, 'outDate'), '2015-07-13');
    await page.goBack();
    await page.getByText('Apr 9 – 10, 2015 · 1 night').first().waitFor();
    assert.equal(await page.inputValue('#inDate'), '2015-04-09');
  }));

test('bad dates are told at their field, and nobody is asked', () =>
  onPage({}, async (page) => {
    await listed(page);
    let asked = 0;
    page.on('request', (request) => (asked += Number(request.url().includes('/hotels?'))));
    for (const [outDate, said] of [['2015-04-09', 'after check-in'], ['2015-06-09', '30 nights'], ['', 'Choose a day']] as const) {
      await page.fill('#outDate', outDate);
      await page.getByRole('button', { name: 'Search', exact: true }).click();
      const field = page.locator('#outDate');
      await until(said, async () => (await page.locator('#outDate-fault').innerText()).includes(said));
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      assert.equal(await field.getAttribute('aria-describedby'), 'outDate-fault');
      assert.ok(await field.evaluate((input) => input === document.activeElement));
    }
    assert.equal(asked, 0);
    await page.fill('#outDate', '2015-04-11');
    assert.equal(await page.locator('#outDate-fault').innerText(), '');
  }));

test('dates that only the service finds bad are told at their field too', () =>
  onPage({ query: 'inDate=2041-01-01&outDate=2041-01-02&locale=en', expected: /400/, before: (page) =>
    page.route(HOTELS, (route) => route.fulfill({ status: 400, json: { error: { code: 'INVALID_ARGUMENT', message: 'x', field: 'inDate' } } })) },
  async (page) => {
    await until('it is told', async () => (await page.locator('#inDate-fault').innerText()) !== '');
    assert.equal(await page.getAttribute('#inDate', 'aria-invalid'), 'true');
  }));

test('order and filters work at once, and live in the URL', () =>
  onPage({}, async (page) => {
    await listed(page);
    let asked = 0;
    page.on('request', (request) => (asked += Number(request.url().includes('/hotels?'))));
    const prices = (): Promise<number[]> => page.locator('.cost b').evaluateAll((all) => all.map((price) => Number(price.textContent?.slice(1))));
    await page.selectOption('#sort', 'price');
    const sorted = await prices();
    assert.deepEqual(sorted, sorted.toSorted((one, other) => one - other));
    assert.equal(parameter(page, 'sort'), 'price');
    await page.locator('#most').fill('200');
    assert.ok((await prices()).every((price) => price <= 200));
    await page.getByRole('button', { name: 'Rated 4.5 or better' }).click();
    const names = await cards(page);
    assert.ok(names.length > 0 && names.length < sorted.length);
    await until('it is said', async () => (await page.locator('#live').textContent())?.startsWith(`${names.length} of ${sorted.length} hotels`) === true);
    assert.equal(asked, 0, 'nobody is asked for it');
    await page.reload();
    await listed(page);
    assert.deepEqual(await cards(page), names);
    await page.selectOption('#sort', 'rating');
    await page.goBack();
    assert.equal(await page.inputValue('#sort'), 'price');
    await until('the pins follow', async () => (await page.locator('.pin').count()) === names.length);
  }));

test('filters that hide everything say so, and can be cleared', () =>
  onPage({ query: `${STAY}&price=50` }, async (page) => {
    await page.getByRole('heading', { name: 'No hotel matches' }).waitFor();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await listed(page);
    assert.equal(parameter(page, 'price'), null);
  }));

test('after the map was moved its area can be searched', () =>
  onPage({}, async (page) => {
    await mapped(page);
    const area = page.getByRole('button', { name: 'Search this area' });
    assert.ok(await area.isHidden());
    await page.mouse.move(900, 400);
    await page.mouse.down();
    await page.mouse.move(760, 440, { steps: 4 });
    await page.mouse.up();
    await area.waitFor();
    const [request] = await Promise.all([page.waitForRequest(HOTELS), area.click()]);
    const asked = new URL(request.url()).searchParams;
    for (const name of ['lat', 'lon', 'radius']) assert.equal(asked.get(name), parameter(page, name), name);
    assert.ok(Number(asked.get('radius')) > 0.5 && Number(asked.get('radius')) < 5);
    await page.getByRole('heading', { name: 'in this area' }).waitFor();
    assert.ok(await area.isHidden());
    const before = await cards(page);
    await page.reload();
    await mapped(page);
    assert.deepEqual(await cards(page), before);
    await page.getByText('from the middle').first().waitFor();
    await page.goBack();
    await page.getByText('from the centre').first().waitFor();
  }));

test('nothing found says what to change, and changes it', () =>
  onPage({ query: `${STAY}&lat=37.7&lon=-122.5&radius=1` }, async (page) => {
    await page.getByRole('heading', { name: 'No hotel has a room' }).waitFor();
    await page.getByRole('button', { name: 'Look further around' }).click();
    await until('it is asked for', async () => parameter(page, 'radius') === '3');
    await page.getByRole('button', { name: 'One day later' }).click();
    await until('a day later', async () => parameter(page, 'inDate') === '2015-04-10' && parameter(page, 'outDate') === '2015-04-11');
    await page.getByRole('button', { name: 'Look in the whole city' }).click();
    await listed(page);
    assert.equal(parameter(page, 'lat'), null);
  }));

test('another language is spoken by the page and by the hotels', () =>
  onPage({ query: `${STAY}&hotel=3` }, async (page) => {
    await page.getByText('arcade games').waitFor();
    await page.focus('#locale');
    await page.selectOption('#locale', 'de');
    await page.getByText('Spielautomaten').waitFor();
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    assert.equal(parameter(page, 'locale'), 'de');
    await page.getByRole('button', { name: 'Suchen' }).waitFor();
    assert.match(await page.locator('#panel').innerText(), /123,17\s\$ mit Steuer/);
    assert.ok(await page.evaluate(() => document.activeElement?.id === 'locale'), 'the focus stays where it was');
    await page.goBack();
    await page.getByText('arcade games').waitFor();
  }));

test('a name that looks like markup is a name', () =>
  onPage({ before: (page) => page.route(HOTELS, changed((features) => features.map((feature) => ({
    ...feature, properties: { ...feature.properties, name: '<img src=x onerror="window.broken=1">', description: '<script>window.broken=1</script>' },
  })))) }, async (page) => {
    await mapped(page);
    assert.equal((await cards(page))[0], '<img src=x onerror="window.broken=1">');
    await page.locator('.card .name').first().click();
    await page.locator('#panel h2', { hasText: '<img src=x' }).waitFor();
    assert.equal(await page.locator('main img').count(), 0);
    assert.equal(await page.evaluate(() => 'broken' in window), false);
  }));

test('a slow old answer never replaces a newer one', () =>
  onPage({ before: async (page) => {
    let asked = 0;
    await page.route(HOTELS, async (route) => {
      asked += 1;
      if (asked > 1) return route.continue();
      const response = await route.fetch();
      await new Promise((done) => setTimeout(done, 1500));
      await route.fulfill({ response }).catch(() => undefined);
    });
  } }, async (page) => {
    await page.fill('#outDate', '2015-04-11');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('2 nights').first().waitFor();
    const shown = await page.locator('#results').innerText();
    await page.waitForTimeout(2000);
    assert.equal(await page.locator('#results').innerText(), shown);
    assert.match(await page.locator('#when').innerText(), /2 nights/);
  }));

test('a picture of a hotel is shown, and its monogram where it cannot be had', () =>
  onPage({ expected: /Content Security Policy|404/, before: (page) => page.route(HOTELS, changed((features) => {
    const icon = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')}`;
    const images = [icon, '/nowhere.png', 'http://127.0.0.2:1/elsewhere.png'];
    return features.map((feature, n) => ({ ...feature, properties: { ...feature.properties, image_url: images[n] } }));
  })) }, async (page) => {
    await listed(page);
    await until('only the good one stays', async () => (await page.locator('.thumb img').count()) === 1);
    assert.equal(await page.locator('.card').first().locator('img').count(), 1);
    assert.equal(await page.locator('.thumb').nth(1).innerText(), 'Z');
  }));
