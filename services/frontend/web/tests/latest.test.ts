import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latest } from '../src/pure/latest.ts';
import { each, whole } from './support.ts';

test('only the last of several answers counts, in whichever order they come', () => {
  each(200, (random) => {
    const latest = new Latest();
    const turns = Array.from({ length: whole(random, 1, 9) }, () => latest.begin());
    const last = turns.at(-1);
    for (const turn of turns.toSorted(() => random() - 0.5)) {
      assert.equal(turn.isLast(), turn === last);
      assert.equal(turn.signal.aborted, turn !== last);
    }
  });
});
