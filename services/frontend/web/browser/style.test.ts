// An online map of a style of its own, which here is a server of this test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, listed, onPage, until } from './support.ts';
import { host, serveTiles } from './tileServer.ts';

const STYLE = {
  version: 8,
  sources: { ground: { type: 'raster', tiles: [`http://${host}/ground/{z}/{x}/{y}.png`], tileSize: 256, attribution: '© The makers of the style' } },
  layers: [{ id: 'ground', type: 'raster', source: 'ground' }],
};

test('a style that cannot be had makes way for the built-in map', () =>
  onPage({ hosts: [host], expected: /ERR_CONNECTION_REFUSED|AJAXError|Failed to fetch/ }, async (page) => {
    await page.getByText('The online map cannot be reached').waitFor();
    await page.getByText('Schematic, not for navigation').waitFor();
    assert.ok((await page.locator('.pin').count()) > 0);
  }));

for (const isDark of [false, true]) {
  test(`a style is shown, with whom it owes, and nobody else is asked: ${isDark ? 'dark' : 'light'}`, () =>
    serveTiles(STYLE, (asked) =>
      onPage({ hosts: [host], isDark }, async (page) => {
        await listed(page);
        await until('tiles are asked for', async () => asked.filter((path) => path.startsWith('/ground/')).length > 3);
        assert.equal(asked[0], '/style.json');
        await page.getByText('© The makers of the style').waitFor();
        assert.ok(await page.locator('#mapNotice').isHidden());
        assert.ok((await page.locator('.pin').count()) > 0);
        await accessible(page, 'a style');
      })));
}
