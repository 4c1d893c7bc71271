import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOCALES } from '../src/pure/criteria.ts';
import { days, distance, money, monogram, phoneLink, rating, shade } from '../src/pure/format.ts';
import { wordsOf } from '../src/words/index.ts';

const plain = (text: string): string => text.replace(/[\u00a0\u202f\u2009]/g, ' ');

test('amounts are those of the language', () => {
  assert.equal(money('en', 'USD', 109), '$109');
  assert.equal(money('en', 'USD', 123.17), '$123.17');
  assert.equal(money('en', 'USD', 123.57, true), '$124');
  assert.equal(plain(money('de', 'USD', 1123.17)), '1.123,17 $');
  assert.equal(money('en', '?', 5), '5 ?');
});

test('distances get shorter with what they say', () => {
  assert.equal(distance('en', 4), '0 m');
  assert.equal(distance('en', 919), '920 m');
  assert.equal(distance('en', 996), '1.0 km');
  assert.equal(distance('de', 1449), '1,4 km');
  assert.equal(distance('en', 12_345), '12 km');
});

test('days and ratings are those of the language', () => {
  const stay = { inDate: '2015-04-09', outDate: '2015-04-10' };
  assert.equal(plain(days('en', stay)), 'Apr 9 – 10, 2015');
  assert.match(days('de', stay), /Apr/);
  assert.equal(rating('es', 4.5), '4,5');
});

test('a monogram is of the words that tell', () => {
  assert.equal(monogram('The Westin St. Francis'), 'WS');
  assert.equal(monogram('Hotel Zetta'), 'Z');
  assert.equal(monogram('Hotel'), 'H');
  assert.equal(monogram('<img onerror=…>'), 'O');
  assert.equal(monogram(''), 'H');
  assert.equal(monogram('élan 𝒳 house'), 'É𝒳');
});

test('a link to a phone has nothing but its number', () => assert.equal(phoneLink('+1 (415) 775-4700'), 'tel:+14157754700'));

test('a shade stays the same', () => assert.ok(shade('5Phoenix', 8) === shade('5Phoenix', 8) && shade('', 8) === 0));

test('every language says the same things, and none is empty', () => {
  const shape = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shape(part)]).sort())
      : typeof value === 'string' ? (assert.notEqual(value, ''), 'text') : 'function';
  for (const locale of LOCALES) assert.deepEqual(shape(wordsOf(locale)), shape(wordsOf('en')), locale);
});
