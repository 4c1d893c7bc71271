import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHops } from '../src/pure/explain.ts';

const call = (service: string, attempts: object[]): object => ({ service, method: 'm', outcome: 'OK', ms: 1, attempts });
const attempt = (instance: string, hop?: object): object => ({ instance, outcome: 'OK', at: 0, ms: 1, ...(hop && { hop }) });

test('hops come in the order of the calls, each as deep as it was called', () => {
  const geo = { service: 'geo', instance: 'geo-1', ms: 1 };
  const search = { service: 'search', instance: 'search-1', ms: 3, calls: [call('geo', [attempt('geo-1', geo)]), call('rate', [attempt('rate-1'), attempt('rate-2')])] };
  const top = { service: 'frontend', instance: 'frontend-1', ms: 5, calls: [call('search', [attempt('search-1', search)])] };
  assert.deepEqual(readHops(JSON.stringify(top)), [
    { depth: 0, service: 'frontend', instance: 'frontend-1', ms: 5 },
    { depth: 1, service: 'search', instance: 'search-1', ms: 3 },
    { depth: 2, service: 'geo', instance: 'geo-1', ms: 1 },
    { depth: 2, service: 'rate', instance: 'rate-2', ms: 1, attempts: 2 },
  ]);
});

test('who was overtaken by the one before has served nobody', () => {
  const tries = [attempt('rate-1', { service: 'rate', instance: 'rate-1', ms: 9 }), { ...attempt('rate-2'), outcome: 'DROPPED', hedge: true }];
  const hop = { service: 'search', instance: 'search-1', ms: 10, calls: [call('rate', tries)] };
  assert.deepEqual(readHops(JSON.stringify(hop))[1], { depth: 1, service: 'rate', instance: 'rate-1', ms: 9, attempts: 2 });
});

test('what cannot be read tells of nobody', () => {
  for (const header of [null, '', '1', '[]', '{', '{"service":1}', '{"service":"a","instance":null}']) assert.deepEqual(readHops(header), []);
  assert.equal(readHops('{"service":"a","instance":"b","calls":[1,{"attempts":[2]},{}]}').length, 1);
});
