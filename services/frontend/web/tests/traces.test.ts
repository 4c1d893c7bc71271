import assert from 'node:assert/strict';
import { test } from 'node:test';
import { microsText, notes, readTrace, readTraces, type Span, waterfall } from '../src/mesh/traces.ts';
import { each, oneOf, perhaps, type Random, whole } from './support.ts';

function span(random: Random, id: string, ids: readonly string[]): Span {
  const parent = perhaps(random, () => oneOf(random, [...ids, 'elsewhere']));
  return {
    id,
    ...(parent !== undefined && { parent }),
    service: 'rate',
    instance: 'rate-1',
    kind: 'server',
    name: 'rate.Rate/GetRates',
    startUs: whole(random, 1_000_000, 1_000_400),
    tookUs: whole(random, 0, 300),
    status: 'OK',
    hasFailed: false,
    attributes: {},
    events: [],
  };
}

test('a waterfall has every span once, below its parent and within the whole, whoever is whose parent', () => {
  each(500, (random) => {
    const ids = Array.from({ length: whole(random, 0, 9) }, (_, at) => `s${at}`);
    const spans = ids.map((id) => span(random, id, ids));
    const rows = waterfall(spans);
    assert.deepEqual(rows.map((row) => row.span.id).sort(), ids);
    rows.forEach((row, at) => {
      assert.ok(row.from >= 0 && row.part >= 0 && row.from + row.part <= 1 + 1e-9, JSON.stringify(row));
      if (row.depth === 0) return;
      const above = rows.slice(0, at).findLast(({ depth }) => depth === row.depth - 1);
      assert.equal(above?.span.id, row.span.parent);
    });
  });
});

test('calls are in the order in which they began', () => {
  const made = (id: string, startUs: number, parent?: string): Span => ({ ...span(() => 0.9, id, []), id, startUs, tookUs: 100, ...(parent !== undefined && { parent }) });
  const rows = waterfall([made('rate', 300, 'search'), made('geo', 200, 'search'), made('search', 150, 'frontend'), made('frontend', 100)]);
  assert.deepEqual(rows.map(({ span, depth, from, part }) => [span.id, depth, from, part]), [
    ['frontend', 0, 0, 1 / 3],
    ['search', 1, 1 / 6, 1 / 3],
    ['geo', 2, 1 / 3, 1 / 3],
    ['rate', 2, 2 / 3, 1 / 3],
  ]);
});

test('what happened is said in words', () => {
  const events = [{ name: 'bellhop.breaker.opened', atUs: 1500, attributes: { 'bellhop.endpoint.id': 'rate-2' } }];
  const said = notes({ ...span(() => 0.9, 'a', []), startUs: 1000, attributes: { 'bellhop.attempt': 'again', 'bellhop.endpoint.id': 'rate-1' }, events });
  assert.deepEqual(said, ['again attempt', 'to rate-1', 'breaker opened: rate-2, after 500 µs']);
  assert.deepEqual([12, 1234, 123_456, 2_345_678].map(microsText), ['12 µs', '1.2 ms', '123 ms', '2.35 s']);
});

test('what cannot be understood is no trace', () => {
  for (const odd of [undefined, null, 1, 'x', [], {}, { traces: 7 }, { traces: [1, null] }]) {
    assert.deepEqual(readTraces(odd), { isKept: false, traces: [] });
    assert.deepEqual(readTrace(odd), { trace: '', spans: [], unseen: [] });
  }
  const { spans, unseen } = readTrace({ spans: [{ start_us: -1, events: [{}], attributes: { a: 1, b: 'c' } }], unseen: { 'geo-1': 'late' } });
  assert.deepEqual(unseen, [['geo-1', 'late']]);
  assert.deepEqual(spans[0]?.attributes, { b: 'c' });
  assert.equal(spans[0]?.startUs, 0);
  assert.deepEqual(readTraces({ kept: true, traces: [{ trace: 'a', name: 'GET /hotels', start_us: 5, took_us: 7, status: '200', failed: true }] }), {
    isKept: true,
    traces: [{ trace: 'a', name: 'GET /hotels', startUs: 5, tookUs: 7, status: '200', hasFailed: true }],
  });
});
