// An online map, which here is a server of this test.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { onPage, listed, picture, until } from './support.ts';

const port = Number(process.env['TILES_PORT']);
const host = `127.0.0.1:${port}`;
/** One pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('tiles that cannot be reached make way for the built-in map', () =>
  onPage({ hosts: [host], expected: /ERR_CONNECTION_REFUSED|AJAXError|Failed to fetch/ }, async (page) => {
    await page.getByText('The online map cannot be reached').waitFor();
    await page.getByText('Schematic, not for navigation').waitFor();
    assert.ok((await page.locator('.pin').count()) > 0);
    await picture(page, 'tiles-gone');
  }));

test('tiles are shown, with whom they owe, and nobody else is asked', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    response.writeHead(200, { 'content-type': 'image/png', 'access-control-allow-origin': '*' }).end(PIXEL);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  try {
    await onPage({ hosts: [host] }, async (page) => {
      await listed(page);
      await until('tiles are asked for', async () => asked.length > 3);
      assert.match(asked[0] ?? '', /^\/\d+\/\d+\/\d+\.png$/);
      await page.getByText('© The <makers> of tiles').waitFor();
      assert.ok(await page.locator('#mapNotice').isHidden());
      assert.ok((await page.locator('.pin').count()) > 0);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
