import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badges, chosen, priceRange } from '../src/pure/choice.ts';
import { SORTS } from '../src/pure/criteria.ts';
import { defined, type Hotel } from '../src/pure/hotel.ts';
import { each, oneOf, perhaps, type Random, whole } from './support.ts';

function hotels(random: Random): Hotel[] {
  return Array.from({ length: whole(random, 0, 20) }, (_, index) =>
    defined<Hotel>({
      id: String(index),
      name: `Hotel ${index}`,
      rating: perhaps(random, () => whole(random, 30, 50) / 10),
      distance: perhaps(random, () => whole(random, 0, 9)),
      price: perhaps(random, () => ({ currency: 'USD', nightly: whole(random, 50, 400), total: 0, totalInclusive: 0, room: '' })),
    } as { [K in keyof Hotel]: Hotel[K] | undefined }),
  );
}

test('filters let through what fits, all of it, in the order asked for', () => {
  each(400, (random) => {
    const all = hotels(random);
    const [most, least, sort] = [perhaps(random, () => 200), perhaps(random, () => 4), oneOf(random, SORTS)];
    const shown = chosen(all, defined({ most, least, sort }));
    const isPriced = all.some((hotel) => hotel.price);
    const fits = (hotel: Hotel): boolean =>
      (least === undefined || (hotel.rating ?? 0) >= least) &&
      (most === undefined || !isPriced || (hotel.price !== undefined && hotel.price.nightly <= most));
    assert.deepEqual(new Set(shown), new Set(all.filter(fits)));
    const key = (hotel: Hotel): number | undefined =>
      ({ distance: hotel.distance, price: hotel.price?.nightly, rating: hotel.rating && -hotel.rating })[sort];
    const keys = shown.map((hotel) => key(hotel) ?? Infinity);
    assert.deepEqual(keys, keys.toSorted((one, other) => (one === other ? 0 : one - other)));
  });
});

test('equals stay in the order in which they were found', () => {
  const all = ['a', 'b', 'c'].map((id) => ({ id, name: id, rating: 4 }));
  assert.deepEqual(chosen(all, { sort: 'rating' }).map((hotel) => hotel.id), ['a', 'b', 'c']);
});

test('the range of prices holds every price', () => {
  each(300, (random) => {
    const all = hotels(random);
    const range = priceRange(all);
    const prices = all.flatMap((hotel) => hotel.price?.nightly ?? []);
    if (!range) return assert.ok(new Set(prices.map((price) => Math.ceil(price / 10))).size <= 1);
    assert.ok(Math.max(...prices) <= range.to && range.from < range.to);
    assert.ok(chosen(all, { most: range.to, sort: 'price' }).length === prices.length);
    assert.ok(chosen(all, { most: range.from, sort: 'price' }).length >= 1, 'the lowest price hides not all');
  });
});

test('a badge goes to who has it, and to nobody where all would have it', () => {
  each(300, (random) => {
    const all = hotels(random);
    const lowest = Math.min(...all.map((hotel) => hotel.price?.nightly ?? Infinity));
    for (const [id, badge] of badges(all)) {
      if (badge === 'cheapest') assert.equal(all.find((hotel) => hotel.id === id)?.price?.nightly, lowest);
    }
  });
  assert.equal(badges(['a', 'b', 'c'].map((id) => ({ id, name: id, rating: 4 }))).size, 0);
});
