import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounded, bucketText, BOUNDS, Load, RATE_MAX, SECONDS_MAX } from '../src/mesh/load.ts';
import { each, whole } from './support.ts';

test('a load is bounded, whatever is asked for', () => {
  assert.deepEqual(bounded(50, 10), { rate: 50, seconds: 10 });
  assert.deepEqual(bounded(1e9, 1e9), { rate: RATE_MAX, seconds: SECONDS_MAX });
  for (const odd of [0, -5, Number.NaN, 0.3]) assert.deepEqual(bounded(odd, odd), { rate: 1, seconds: 1 });
});

test('every request comes due once, in time, however seldom one looks', () => {
  each(300, (random) => {
    const plan = { rate: whole(random, 1, RATE_MAX), seconds: whole(random, 1, 8) };
    const [start, all] = [whole(random, 0, 1e6), plan.rate * plan.seconds];
    const load = new Load(plan, start);
    for (let now = start; !load.isOver(); now += whole(random, 1, 400)) {
      const due = load.due(now);
      for (const at of due) {
        assert.ok(at <= now && at >= start);
        load.ended(at, now, true);
      }
      assert.ok(load.sent <= ((now - start) * plan.rate) / 1000 + 1);
      assert.ok(now - start < plan.seconds * 1000 + 400);
    }
    assert.equal(load.sent + load.notSent, all);
    assert.equal(load.counts.reduce((sum, count) => sum + count, 0), load.succeeded);
  });
});

test('what the browser cannot send is counted, and waits for nobody', () => {
  const load = new Load({ rate: 200, seconds: 1 }, 0);
  assert.equal(load.due(1000).length, 100);
  assert.equal(load.notSent, 100);
  assert.ok(load.isSent() && !load.isOver());
  for (let request = 0; request < 100; request += 1) load.ended(0, 5, request > 0);
  assert.ok(load.isOver());
  assert.deepEqual([load.succeeded, load.failed, load.counts[2]], [99, 1, 99]);
});

test('an answer counts from when its request was due', () => {
  const load = new Load({ rate: 4, seconds: 1 }, 0);
  assert.deepEqual(load.due(600), [0, 250, 500]);
  load.ended(0, 601, true);
  load.ended(250, 270, true);
  load.ended(500, 9000, true);
  assert.equal(load.quantile(0.5), 601);
  assert.equal(load.quantile(0.99), 8500);
  assert.equal(load.counts[BOUNDS.length], 1);
  assert.equal(new Load({ rate: 1, seconds: 1 }, 0).quantile(0.5), undefined);
  assert.deepEqual([0, 9, 11].map(bucketText), ['up to 1 ms', 'up to 1 s', 'over 2 s']);
});
