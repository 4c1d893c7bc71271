// The page while a service is really gone; which one the environment says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listed, onPage, picture, until } from './support.ts';

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
