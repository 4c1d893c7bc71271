import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHotels } from '../src/pure/hotel.ts';
import { readSettings } from '../src/settings.ts';
import { each, oneOf, type Random, whole } from './support.ts';

const feature = (id: unknown, properties: object, coordinates: unknown = [-122.4, 37.7]): object => ({
  type: 'Feature', id, properties, geometry: { type: 'Point', coordinates },
});

test('an answer becomes hotels', () => {
  const price = { code: 'RACK', currency: 'USD', nightly: 109, total: 109, total_inclusive: 123.17, room: 'King' };
  const said = { name: 'Clift', phone_number: '(415)', city: 'San Francisco', state: 'CA', postal_code: '94102', rating: 4.4, distance_m: 9, price };
  const [hotel] = readHotels({ features: [feature('1', said)] });
  assert.deepEqual(hotel, {
    id: '1', name: 'Clift', phone: '(415)', city: 'San Francisco, CA 94102', rating: 4.4, distance: 9, at: [-122.4, 37.7],
    price: { currency: 'USD', nightly: 109, total: 109, totalInclusive: 123.17, room: 'King' },
  });
});

test('what is no hotel is left out, what is no place or price is missing', () => {
  const bad = [null, 1, {}, feature(1, { name: 'x' }), feature('2', {}), feature('3', { name: '' })];
  const good = feature('4', { name: 'x', price: { nightly: '1' }, rating: null }, ['a', 1]);
  assert.deepEqual(readHotels({ features: [...bad, good, good] }), [{ id: '4', name: 'x' }]);
});

function junk(random: Random, depth: number): unknown {
  const names = ['features', 'properties', 'geometry', 'coordinates', 'id', 'name', 'price', 'nightly', 'tiles', 'jaeger', 'url', 'kind'];
  if (depth > 5 || random() < 0.4) return oneOf(random, [null, true, 1, -1e9, '', 'x', 'style', []]);
  if (random() < 0.4) return Array.from({ length: whole(random, 0, 4) }, () => junk(random, depth + 1));
  return Object.fromEntries(Array.from({ length: whole(random, 0, 5) }, () => [oneOf(random, names), junk(random, depth + 1)]));
}

test('junk neither throws nor makes a hotel without a name', () => {
  each(2000, (random) => {
    const body = junk(random, 0);
    for (const hotel of readHotels(body)) assert.ok(hotel.id !== undefined && hotel.name);
    readSettings(body);
  });
});

test('a link to Jaeger is one to a page', () => {
  assert.deepEqual(readSettings({ jaeger: 'javascript:alert(1)' }), {});
  assert.deepEqual(readSettings({ jaeger: 'http://localhost:16686/' }), { jaeger: 'http://localhost:16686' });
});
