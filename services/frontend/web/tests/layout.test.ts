import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOT, layout, type Pin, PILL_HEIGHT, type Placed, towards } from '../src/map/layout.ts';
import { each, oneOf, type Random, whole } from './support.ts';

/** Pins as they come: spread, in clusters, or all at one point. */
function pins(random: Random): Pin[] {
  const spread = oneOf(random, [0, 5, 60, 800]);
  return Array.from({ length: whole(random, 0, 60) }, (_, index) => ({
    id: String(index), x: random() * spread, y: random() * spread, width: whole(random, 10, 90),
  }));
}

const halves = (pin: Pin, placed: Placed): [number, number] =>
  placed.isDot ? [DOT / 2, DOT / 2] : [Math.max(pin.width, DOT) / 2, PILL_HEIGHT / 2];

test('no pin hides another, however close their hotels are', () => {
  each(200, (random) => {
    const all = pins(random);
    const placed = layout(all, perhapsOne(random, all));
    for (const [n, one] of placed.entries()) {
      for (const [m, other] of placed.slice(0, n).entries()) {
        const [[aw, ah], [bw, bh]] = [halves(all[n] as Pin, one), halves(all[m] as Pin, other)];
        const apart = Math.abs(one.x - other.x) >= aw + bw || Math.abs(one.y - other.y) >= ah + bh;
        assert.ok(apart, JSON.stringify([one, other]));
      }
    }
  });
});

const perhapsOne = (random: Random, all: Pin[]): string | undefined => (all.length ? oneOf(random, [...all, undefined])?.id : undefined);

test('every pin has a place, and the selected one is a pill where its hotel is', () => {
  each(200, (random) => {
    const all = pins(random);
    const selected = perhapsOne(random, all);
    const placed = layout(all, selected);
    assert.deepEqual(placed.map((pin) => pin.id), all.map((pin) => pin.id));
    const [at, pin] = [placed, all].map((list) => list.find((one) => one.id === selected));
    if (at && pin) assert.deepEqual([at.x, at.y, (at as Placed).isDot], [pin.x, pin.y, false]);
  });
});

test('pins with room are pills at their places', () => {
  const all = Array.from({ length: 9 }, (_, n) => ({ id: String(n), x: (n % 3) * 100, y: Math.floor(n / 3) * 50, width: 60 }));
  for (const [n, pin] of layout(all).entries()) assert.deepEqual(pin, { id: String(n), x: all[n]?.x, y: all[n]?.y, isDot: false });
});

test('where there is room for one pill it is that of the first', () => {
  const all = [0, 1, 2].map((n) => ({ id: String(n), x: n * 30, y: 0, width: 60 }));
  assert.equal(layout(all)[0]?.isDot || layout([...all].reverse())[0]?.isDot, false);
});

test('a layout does not depend on where the map is', () => {
  each(50, (random) => {
    const all = pins(random);
    const moved = layout(all.map((pin) => ({ ...pin, x: pin.x + 512, y: pin.y - 256 })));
    for (const [n, pin] of layout(all).entries()) {
      assert.ok(Math.abs(pin.x + 512 - (moved[n]?.x ?? 0)) < 1e-6 && pin.isDot === moved[n]?.isDot);
    }
  });
});

test('an arrow key goes to a pin that lies that way, and every pin can be reached', () => {
  each(100, (random) => {
    const placed = layout(pins(random));
    const reached = new Set(placed[0] ? [placed[0].id] : []);
    for (const id of reached) {
      const from = placed.find((pin) => pin.id === id) as Placed;
      for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']) {
        const to = towards(from, placed, key);
        if (!to) continue;
        if (key === 'ArrowLeft') assert.ok(to.x < from.x);
        if (key === 'ArrowDown') assert.ok(to.y > from.y);
        reached.add(to.id);
      }
    }
    assert.ok(placed.length === 0 || reached.size > 0);
  });
  assert.equal(towards({ id: 'a', x: 0, y: 0, isDot: false }, [], 'Enter'), undefined);
});
