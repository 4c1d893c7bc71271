// A server of maps, for the tests of those that come from elsewhere.

import { createServer } from 'node:http';

const port = Number(process.env['TILES_PORT']);
export const host = `127.0.0.1:${port}`;
/** One pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/** Serves tiles of one pixel, and a style where there is one; tells which paths are asked for. */
export async function serveTiles(style: unknown, use: (asked: string[]) => Promise<void>): Promise<void> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = String(request.url);
    asked.push(path);
    const isStyle = path.endsWith('.json');
    response.writeHead(200, { 'content-type': isStyle ? 'application/json' : 'image/png', 'access-control-allow-origin': '*' });
    response.end(isStyle ? JSON.stringify(style) : PIXEL);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  try {
    await use(asked);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
