import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inForce, LATENCY_MAX, readFaults, SECONDS_MAX, wish } from '../src/mesh/faults.ts';
import { each, oneOf } from './support.ts';

test('no wish is beyond its bounds, whatever is typed', () => {
  each(300, (random) => {
    const number = (): number => oneOf(random, [Number.NaN, -1, 0, 0.4, 1, 50, 100, 1e9, Number.POSITIVE_INFINITY, random() * 1000]);
    const asked = wish(number(), number(), false, number()) as { latency_ms: number; errors: number; seconds: number };
    assert.ok(asked.latency_ms >= 0 && asked.latency_ms <= LATENCY_MAX && Number.isInteger(asked.latency_ms));
    assert.ok(asked.errors >= 0 && asked.errors <= 1);
    assert.ok(asked.seconds >= 1 && asked.seconds <= SECONDS_MAX);
  });
});

test('what is in force is said in words', () => {
  const none = { latencyMs: 0, errors: 0, paused: false, seconds: 0 };
  assert.equal(inForce(none), '');
  assert.equal(inForce({ latencyMs: 200, errors: 0.5, paused: true, seconds: 9 }), 'holds its answers, 200 ms late, 50 % fail; ends in 9 s');
  assert.deepEqual(readFaults({}), none);
  assert.equal(readFaults(undefined), undefined);
  assert.deepEqual(readFaults({ latency_ms: 'x', errors: 0.1, paused: 1, seconds: 3 }), { ...none, errors: 0.1, seconds: 3 });
});
