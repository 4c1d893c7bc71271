// The page while a service is really gone; which one the environment says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, holds, validate } from './described.ts';
import { base, listed, onPage, picture, STAY, until } from './support.ts';

const gone = process.env['HOTELS_WITHOUT'] ?? '';

if (gone === 'rate') {
  test('without prices it shows the hotels, and says what is missing and why', () =>
    onPage({}, async (page) => {
      await listed(page);
      await page.getByText('Prices are missing: the service that knows them does not answer').waitFor();
      assert.ok(await page.locator('#most').isDisabled());
      await page.locator('.card', { hasText: 'No price' }).first().waitFor();
      await page.locator('.pin', { hasText: '★' }).first().waitFor();
      await picture(page, 'outage-degraded');
    }));
} else {
  test('while nobody can search it says who is gone and what still works', () =>
    onPage({ expected: /50[34]/ }, async (page) => {
      await page.getByRole('alert').waitFor();
      await page.getByText(`Cannot be reached: ${gone}`).waitFor();
      await page.getByText('Still well:').waitFor();
      await page.getByText('The map, your dates and this page still work').waitFor();
      await until('there is a map', async () => (await page.locator('#map.ready').count()) === 1);
      await picture(page, 'outage-down');
    }));
}

test('answers are as they are described while a service is gone', async () => {
  if (gone === 'rate') await holds(`/hotels?${STAY}`, 200);
  else await holds(`/hotels?${STAY}`, 503);
  await holds('/readyz', gone === 'rate' ? 200 : 503);
});

/** Asks for all of these at a time; the first answer of this status, held against its description. */
async function refused(asked: string[], path: string): Promise<void> {
  const leave = new AbortController();
  try {
    const answers = await Promise.all(asked.map((one) => fetch(base + one, { signal: leave.signal })));
    const answer = answers.find(({ status }) => status === 503);
    const described = api.paths[path]?.get?.responses['503'];
    assert.ok(answer && described, `${path}: ${answers.map(({ status }) => status).join(' ')}`);
    validate(described, 'application/json', await answer.json(), path);
  } finally {
    leave.abort();
  }
}

if (gone === 'rate') {
  test('who asks for more than there is room for is told so, as is described', async () => {
    await refused(Array.from({ length: 40 }, () => '/mesh/events'), '/mesh/events');
    // Those that are being put together wait for members; so many at a time are more than one can have.
    await refused(Array.from({ length: 60 }, (_, n) => `/mesh/traces/${n.toString(16).padStart(32, 'a')}`), '/mesh/traces/{id}');
  });

  test('whom nobody reaches is asked for faults in vain, as is described', async () => {
    const response = await fetch(`${base}/mesh/events`);
    const { value } = (await response.body?.pipeThrough(new TextDecoderStream()).getReader().read()) ?? {};
    const id = /"id":"(rate-[^"]+)"/.exec(value ?? '')?.[1];
    assert.ok(id, value);
    const own = { headers: { 'x-hotels-chaos': '1' } };
    const path = '/mesh/faults/{instance}';
    await holds(`/mesh/faults/${id}`, 503, path, 'post', { ...own, body: '{"paused": true}' });
    await holds(`/mesh/faults/${id}`, 503, path, 'delete', own);
    await holds(`/mesh/faults/${id}/stop`, 503, `${path}/stop`, 'post', own);
  });
}
