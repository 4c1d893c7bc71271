import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayFrom, daysAfter, faultOf, isDay, nights, withInDate } from '../src/pure/stay.ts';
import { each, whole } from './support.ts';

test('days are those of the calendar', () => {
  for (const good of ['2015-04-09', '2016-02-29', '2000-02-29', '2035-12-31']) assert.ok(isDay(good), good);
  for (const bad of ['', '2015-02-30', '2015-13-01', '2015-1-1', '1900-02-29', '20150409', ' 2015-04-09', '2015-04-09T00']) {
    assert.ok(!isDay(bad), bad);
  }
});

test('tomorrow is the local one', () => {
  assert.equal(dayFrom(new Date(2026, 11, 31, 23, 59), 1), '2027-01-01');
  assert.equal(dayFrom(new Date(2028, 1, 28, 0, 1), 1), '2028-02-29');
});

test('a day some days after another is that many nights away', () => {
  each(300, (random) => {
    const inDate = daysAfter('2015-01-01', whole(random, 0, 7000));
    const count = whole(random, 1, 30);
    const stay = { inDate, outDate: daysAfter(inDate, count) };
    assert.ok(isDay(stay.outDate));
    assert.equal(nights(stay), count);
    assert.equal(faultOf(stay), undefined);
  });
});

test('what is wrong is told at the field that is wrong', () => {
  const inDate = '2015-04-09';
  assert.deepEqual(faultOf({ inDate: '', outDate: '' }), { field: 'inDate', reason: 'missing' });
  assert.deepEqual(faultOf({ inDate, outDate: '2015-02-30' }), { field: 'outDate', reason: 'missing' });
  assert.deepEqual(faultOf({ inDate, outDate: inDate }), { field: 'outDate', reason: 'order' });
  assert.deepEqual(faultOf({ inDate, outDate: '2015-04-08' }), { field: 'outDate', reason: 'order' });
  assert.equal(faultOf({ inDate, outDate: '2015-05-09' }), undefined);
  assert.deepEqual(faultOf({ inDate, outDate: '2015-05-10' }), { field: 'outDate', reason: 'long' });
});

test('choosing an arrival never makes a bad stay', () => {
  each(300, (random) => {
    const day = (): string => daysAfter('2015-01-01', whole(random, 0, 90));
    const before = { inDate: day(), outDate: day() };
    const after = withInDate(before, day());
    assert.equal(faultOf(after), undefined, JSON.stringify({ before, after }));
    if (faultOf(before) === undefined) assert.equal(nights(after), nights(before));
  });
});
