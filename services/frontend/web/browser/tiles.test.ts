// An online map, which here is a server of this test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listed, onPage, picture, until } from './support.ts';
import { host, serveTiles } from './tileServer.ts';

test('tiles that cannot be reached make way for the built-in map', () =>
  onPage({ hosts: [host], expected: /ERR_CONNECTION_REFUSED|AJAXError|Failed to fetch/ }, async (page) => {
    await page.getByText('The online map cannot be reached').waitFor();
    await page.getByText('Schematic, not for navigation').waitFor();
    assert.ok((await page.locator('.pin').count()) > 0);
    await picture(page, 'tiles-gone');
  }));

test('tiles are shown, with whom they owe, and nobody else is asked', () =>
  serveTiles(undefined, (asked) =>
    onPage({ hosts: [host] }, async (page) => {
      await listed(page);
      await until('tiles are asked for', async () => asked.length > 3);
      assert.match(asked[0] ?? '', /^\/\d+\/\d+\/\d+\.png$/);
      await page.getByText('© The <makers> of tiles').waitFor();
      assert.ok(await page.locator('#mapNotice').isHidden());
      assert.ok((await page.locator('.pin').count()) > 0);
    })));
