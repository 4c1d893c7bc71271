// What is worth telling those who do not see the picture: who has come, who has gone, who is in another state.

import type { Instance, Picture } from './picture.ts';
import { STATE_WORDS } from './words.ts';

/** More at once are counted. */
const MOST = 4;

/** What differs between two pictures, in words; empty where nothing does. */
export function changes(before: Picture | undefined, now: Picture): string {
  if (!before) return '';
  const [old, current] = [byId(before), byId(now)];
  const told: string[] = [];
  for (const [id, { state }] of current) {
    const was = old.get(id);
    if (!was) told.push(`${id} has come: ${STATE_WORDS[state]}`);
    else if (was.state !== state) told.push(`${id}: ${STATE_WORDS[state]}`);
  }
  for (const id of old.keys()) if (!current.has(id)) told.push(`${id} has gone`);
  const known = new Set(before.flags.map(({ text }) => text));
  told.push(...now.flags.map(({ text }) => text).filter((text) => !known.has(text)));
  if (told.length > MOST) return `${told.slice(0, MOST).join('. ')}. And ${told.length - MOST} more changes.`;
  return told.map((one) => `${one}.`).join(' ');
}

function byId(picture: Picture): Map<string, Instance> {
  return new Map(picture.services.flatMap(({ instances }) => instances.map((instance) => [instance.id, instance])));
}
