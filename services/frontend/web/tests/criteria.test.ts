import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Criteria, LOCALES, placeOf, readUrl, SORTS, toQuery, toUrl } from '../src/pure/criteria.ts';
import { defined } from '../src/pure/hotel.ts';
import { each, oneOf, perhaps, type Random, whole } from './support.ts';

const NOW = new Date(2026, 10, 21, 12);
const read = (query: string, preferred: string[] = []): Criteria => readUrl(query, NOW, preferred);

function any(random: Random): Criteria {
  const degrees = (most: number): number => (random() * 2 - 1) * most;
  return defined<Criteria>({
    stay: { inDate: oneOf(random, ['2015-04-09', '', 'junk & more']), outDate: '2015-04-10' },
    locale: oneOf(random, LOCALES),
    sort: oneOf(random, SORTS),
    place: perhaps(random, () => placeOf(degrees(90), degrees(180), random() * 60)),
    most: perhaps(random, () => whole(random, 1, 1000)),
    least: perhaps(random, () => oneOf(random, [4, 4.5])),
    hotel: perhaps(random, () => oneOf(random, ['5', 'a b', '&=?#', 'ü'])),
  });
}

test('what goes into a URL comes out again', () => {
  each(500, (random) => {
    const criteria = any(random);
    assert.deepEqual(read(toUrl(criteria)), criteria);
  });
});

test('an empty URL asks for tomorrow, one night, in a language of the browser', () => {
  const expected = { stay: { inDate: '2026-11-22', outDate: '2026-11-23' }, locale: 'de', sort: 'distance' };
  assert.deepEqual(read('', ['fr-FR', 'de-AT', 'en']), expected);
  assert.equal(read('', ['fr']).locale, 'en');
});

test('junk counts as not said, and dates are kept to be told of', () => {
  const criteria = read('?inDate=2015-02-30&outDate=x&lat=95&lon=0&sort=best&price=-1&rating=9&locale=xx&hotel=');
  assert.deepEqual(criteria, { stay: { inDate: '2015-02-30', outDate: 'x' }, locale: 'en', sort: 'distance' });
  assert.equal(read('?lat=1').place, undefined);
  assert.equal(read('?lat=NaN&lon=Infinity').place, undefined);
});

test('a place is one that the service takes', () => {
  each(500, (random) => {
    const { lat, lon, radius } = placeOf((random() * 2 - 1) * 90, (random() * 2 - 1) * 900, random() * 500);
    assert.ok(Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && radius >= 0.1 && radius <= 50, `${lat} ${lon} ${radius}`);
  });
});

test('the service is asked for what it knows, and not for filters', () => {
  const asked = new URLSearchParams(toQuery(read('?inDate=2015-04-09&outDate=2015-04-10&lat=1.5&lon=-2&radius=3&sort=price&price=9&hotel=5')));
  assert.deepEqual(Object.fromEntries(asked), {
    inDate: '2015-04-09', outDate: '2015-04-10', locale: 'en', limit: '100', lat: '1.5', lon: '-2', radius: '3',
  });
});
