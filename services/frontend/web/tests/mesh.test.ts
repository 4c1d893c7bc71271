import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes } from '../src/mesh/changes.ts';
import { ownView } from '../src/mesh/detail.ts';
import { columns, way } from '../src/mesh/layout.ts';
import { type Picture, readPicture, STATES } from '../src/mesh/picture.ts';
import { millisText, percentText, rateText } from '../src/mesh/words.ts';
import { each, oneOf, whole } from './support.ts';

const edge = (from: string, to: string) => ({ from, to });

test('callers stand left of whom they call', () => {
  const services = ['frontend', 'geo', 'profile', 'rate', 'search'];
  const edges = [edge('frontend', 'search'), edge('frontend', 'profile'), edge('search', 'geo'), edge('search', 'rate'), edge('frontend', 'geo')];
  assert.deepEqual(columns(services, edges), [['frontend'], ['profile', 'search'], ['geo', 'rate']]);
  assert.deepEqual(columns(services, []), [services]);
  assert.deepEqual(columns([], edges), []);
});

test('every service stands somewhere, whoever calls whom', () => {
  each(500, (random) => {
    const services = Array.from({ length: whole(random, 1, 7) }, (_, at) => `s${at}`);
    const edges = Array.from({ length: whole(random, 0, 12) }, () => edge(oneOf(random, services), oneOf(random, [...services, 'stranger'])));
    const found = columns(services, edges);
    assert.deepEqual(found.flat().sort(), services);
    const isOrdered = edges.every(({ from, to }) => Number(from.slice(1)) <= Number(to.slice(1)));
    if (!isOrdered) return;
    // Without a circle, everybody is right of all of their callers.
    const at = (service: string): number => found.findIndex((column) => column.includes(service));
    for (const { from, to } of edges) if (from !== to && to !== 'stranger') assert.ok(at(from) < at(to), `${from} ${to}`);
  });
});

test('an edge leads from side to side, or beside all boxes that stand above each other', () => {
  const box = (left: number, top: number) => ({ left, top, right: left + 60, bottom: top + 60 });
  assert.equal(way(box(0, 0), box(100, 20)).path, 'M60 30C80 30 80 50 100 50');
  assert.equal(way(box(40, 0), box(40, 100)).path, 'M40 38H32Q26 38 26 44V116Q26 122 32 122H40');
  assert.equal(way(box(40, 100), box(40, 0), 1).path, 'M40 138H24Q18 138 18 132V28Q18 22 24 22H40');
  each(200, (random) => {
    const [from, to] = [box(whole(random, 30, 290), whole(random, 0, 290)), box(whole(random, 30, 290), whole(random, 0, 290))];
    const { x, y, tip } = way(from, to, whole(random, 0, 9));
    assert.ok(x >= 0 && x <= Math.max(from.right, to.right));
    assert.ok(y >= Math.min(from.top, to.top) && y <= Math.max(from.bottom, to.bottom));
    assert.ok(tip[0] === to.left && tip[1] > to.top && tip[1] < to.bottom);
    if (to.left < from.right) assert.ok(x < Math.min(from.left, to.left), 'it leads through nobody');
  });
});

test('figures are short, and nothing is not zero', () => {
  assert.deepEqual([undefined, 0, 0.04, 3.14159, 12.6].map(rateText), ['–', '0/s', '<0.1/s', '3.1/s', '13/s']);
  assert.deepEqual([undefined, 0, 0.0000001, 0.0123, 1].map(percentText), ['–', '0 %', '<0.1 %', '1.2 %', '100 %']);
  assert.deepEqual([undefined, 0.44, 12.3, 2500].map(millisText), ['–', '0.4 ms', '12 ms', '2.5 s']);
});

const picture = (...instances: [string, string][]): Picture => {
  const services = [{ name: 'rate', instances: instances.map(([id, state]) => ({ id, state })) }];
  return readPicture(JSON.stringify({ services })) as Picture;
};

test('what changes is told, and what stays is not', () => {
  const before = picture(['a', 'passing'], ['b', 'passing']);
  assert.equal(changes(undefined, before), '');
  assert.equal(changes(before, before), '');
  assert.equal(changes(before, picture(['a', 'breaker_open'], ['c', 'connecting'])), 'a: breaker open. c has come: connecting. b has gone.');
  const many = picture(...Array.from({ length: 9 }, (_, at): [string, string] => [`i${at}`, 'passing']));
  assert.match(changes(picture(), many), /And 5 more changes\.$/);
  const flagged = { ...before, flags: [{ text: 'a still calls b', seconds: 5 }] };
  assert.equal(changes(before, flagged), 'a still calls b.');
  assert.equal(changes(flagged, flagged), '');
});

test('what is told oddly is read as far as it goes', () => {
  for (const odd of ['', '[]', '{}', 'null', '{"services": 1}']) assert.equal(readPicture(odd), undefined, odd);
  const read = readPicture('{"services": [{"name": "<b>", "instances": [{"id": 7, "state": "asleep", "rate": "fast"}, 3]}], "edges": [null]}');
  assert.deepEqual(read, { services: [{ name: '<b>', instances: [{ id: '', service: '<b>', state: 'connecting' }] }], edges: [], flags: [] });
  for (const state of STATES) assert.equal(picture(['a', state]).services[0]?.instances[0]?.state, state);
});

test('whose own view is not seen is not wrong', () => {
  const instance = { id: 'a', service: 'rate', state: 'passing' as const };
  assert.equal(ownView({ ...instance, seenMs: 300 }), 'of now');
  assert.equal(ownView({ ...instance, seenMs: 9000, unseen: 'no answer' }), '9 s old: no answer');
  assert.equal(ownView(instance), 'not asked yet');
  assert.equal(ownView({ ...instance, unseen: 'connection refused' }), 'not seen from here: connection refused');
});
