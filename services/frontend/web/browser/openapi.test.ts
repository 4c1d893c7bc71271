// Real answers, held against what /openapi.json says of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, holds, validate } from './described.ts';
import { base, STAY } from './support.ts';

test('the description is one of OpenAPI 3.1', () => {
  assert.match(api.openapi, /^3\.1\./);
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const operation of Object.values(operations)) assert.ok(Object.keys(operation.responses).length > 0, path);
  }
});

test('answers are as they are described', async () => {
  for (const more of ['', '&limit=1', '&radius=50&limit=100', '&locale=de', '&lat=0&lon=0']) await holds(`/hotels?${STAY.replace('&locale=en', '')}${more}`, 200);
  for (const path of ['/healthz', '/readyz', '/settings.json', '/openapi.json']) await holds(path, 200);
});

test('every parameter that is described is read, and no other', async () => {
  const names = (api.paths['/hotels']?.get?.parameters ?? []).map(({ name }) => name);
  for (const name of names) {
    const body = await holds(`/hotels?${new URLSearchParams({ inDate: '2015-04-09', outDate: '2015-04-10', lat: '1', lon: '1', [name]: '!' })}`, 400);
    assert.equal((body as { error: { field: string } }).error.field, name);
  }
  await holds(`/hotels?${STAY}&other=!`, 200);
  for (const { name, required } of api.paths['/hotels']?.get?.parameters ?? []) {
    const stay = new URLSearchParams(STAY);
    stay.delete(name);
    await holds(`/hotels?${stay}`, required ? 400 : 200);
  }
});

test('faults of every path are of one shape', async () => {
  const fault = api.paths['/hotels']?.get?.responses['400'];
  assert.ok(fault);
  for (const [path, method] of [['/nowhere', 'GET'], ['/hotels', 'POST'], ['/openapi.json', 'PUT']] as const) {
    const response = await fetch(base + path, { method });
    assert.ok([404, 405].includes(response.status), path);
    validate(fault, 'application/json', await response.json(), `${method} ${path}`);
  }
});

test('traces are as they are described', async () => {
  const response = await fetch(`${base}/hotels?${STAY}`, { headers: { 'x-bellhop-explain': '1' } });
  await response.arrayBuffer();
  const { traces } = (await holds('/mesh/traces', 200)) as { traces: unknown[] };
  assert.ok(traces.length > 0);
  await holds(`/mesh/traces/${response.headers.get('x-trace-id')}`, 200, '/mesh/traces/{id}');
  for (const id of ['ab'.repeat(16), 'x', '%2e%2e']) await holds(`/mesh/traces/${id}`, 404, '/mesh/traces/{id}');
});

test('faults are asked for as is described', async () => {
  const response = await fetch(`${base}/mesh/events`);
  const { value } = (await response.body?.pipeThrough(new TextDecoderStream()).getReader().read()) ?? {};
  const id = /"id":"(rate-[^"]+)"/.exec(value ?? '')?.[1];
  assert.ok(id, value);
  const path = '/mesh/faults/{instance}';
  const own = { headers: { 'x-hotels-chaos': '1' } };
  const wish = { latency_ms: 1, errors: 0, paused: false, seconds: 60 };
  const body = JSON.stringify(wish);
  const described = api.paths[path]?.post?.requestBody?.content['application/json'];
  assert.ok(described);
  const content = { description: '', headers: {}, content: { 'application/json': described } };
  validate(content, 'application/json', wish, 'a wish');
  const begun = (await holds(`/mesh/faults/${id}`, 200, path, 'post', { ...own, body })) as typeof wish;
  assert.equal(begun.latency_ms, 1);
  await holds(`/mesh/faults/${id}`, 200, path, 'delete', own);
  for (const bad of ['', '{}', '{"latency_ms": -1}', '{"paused": true, "seconds": 301}', `{"x": "${'x'.repeat(2000)}"}`]) {
    await holds(`/mesh/faults/${id}`, 400, path, 'post', { ...own, body: bad });
  }
  for (const method of ['post', 'delete'] as const) {
    await holds(`/mesh/faults/${id}`, 403, path, method);
    await holds('/mesh/faults/nobody', 404, path, method, own);
  }
  await holds(`/mesh/faults/${id}/stop`, 403, '/mesh/faults/{instance}/stop', 'post');
  await holds('/mesh/faults/nobody/stop', 404, '/mesh/faults/{instance}/stop', 'post', own);
});

test('pictures of the mesh are as they are described', async () => {
  const leave = new AbortController();
  const response = await fetch(`${base}/mesh/events`, { signal: leave.signal });
  const described = api.paths['/mesh/events']?.get?.responses['200'];
  assert.ok(described && response.body);
  const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  for (let pictures = 0; pictures < 4; ) {
    const { value } = await text.read();
    told += value ?? '';
    const [event, ...rest] = told.split('\n\n');
    if (rest.length === 0 || event === undefined) continue;
    told = rest.join('\n\n');
    assert.ok(event.startsWith('data: '));
    validate(described, 'text/event-stream', JSON.parse(event.slice(6)), 'a picture');
    pictures += 1;
  }
  leave.abort();
});
