// Where the services stand: each to the right of all who call it.

import type { Edge } from './picture.ts';

/** Services by column, callers first; those of a column by name. */
export function columns(services: readonly string[], edges: readonly Edge[]): string[][] {
  const among = edges.filter(({ from, to }) => from !== to && services.includes(from) && services.includes(to));
  const depth = new Map(services.map((service) => [service, 0]));
  // The longest way from any caller; who calls in a circle ends the search.
  for (let round = 1; round < services.length; round += 1) {
    for (const { from, to } of among) {
      const after = (depth.get(from) ?? 0) + 1;
      if (after > (depth.get(to) ?? 0) && after < services.length) depth.set(to, after);
    }
  }
  const found: string[][] = [];
  for (const service of [...services].sort()) (found[depth.get(service) ?? 0] ??= []).push(service);
  return found.filter((column) => column !== undefined);
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Way {
  /** An SVG path. */
  path: string;
  /** Where it ends, with a tip to the right. */
  tip: [x: number, y: number];
  /** Where its figure stands. */
  x: number;
  y: number;
}

/** From a box to the first lane beside it, from lane to lane, and how round its corners are. */
const FIRST = 14;
const LANE = 8;
const LANES = 3;
const CORNER = 6;
/** How far from its edge a way leaves or meets a box in a lane. */
const INSET = 22;

/** The way of an edge: from side to side where one box is right of the other, else by a lane left of both. */
export function way(from: Box, to: Box, lane = 0): Way {
  return to.left >= from.right ? across(from, to) : around(from, to, lane % LANES);
}

function across(from: Box, to: Box): Way {
  const [x1, y1] = [from.right, middle(from.top, from.bottom)];
  const [x2, y2] = [to.left, middle(to.top, to.bottom)];
  const bend = (x2 - x1) / 2;
  const path = `M${round(x1)} ${round(y1)}C${round(x1 + bend)} ${round(y1)} ${round(x2 - bend)} ${round(y2)} ${round(x2)} ${round(y2)}`;
  // Beyond the middle the edges of one caller have parted.
  const at = 0.6;
  return { path, tip: [round(x2), round(y2)], x: round(cubic(at, x1, x1 + bend, x2 - bend, x2)), y: round(cubic(at, y1, y1, y2, y2)) };
}

/** Boxes that stand above each other: through all of them, a way would seem to lead to each. */
function around(from: Box, to: Box, lane: number): Way {
  const x = Math.min(from.left, to.left) - FIRST - LANE * lane;
  const [y1, y2] = [from.bottom - INSET, to.top + INSET];
  const corner = y2 > y1 ? CORNER : -CORNER;
  const path = `M${round(from.left)} ${round(y1)}H${round(x + CORNER)}Q${round(x)} ${round(y1)} ${round(x)} ${round(y1 + corner)}V${round(y2 - corner)}Q${round(x)} ${round(y2)} ${round(x + CORNER)} ${round(y2)}H${round(to.left)}`;
  return { path, tip: [round(to.left), round(y2)], x: round(x), y: round(middle(y1, y2)) };
}

const middle = (a: number, b: number): number => (a + b) / 2;
const round = (value: number): number => Math.round(value * 10) / 10;

function cubic(t: number, a: number, b: number, c: number, d: number): number {
  const u = 1 - t;
  return u ** 3 * a + 3 * u ** 2 * t * b + 3 * u * t ** 2 * c + t ** 3 * d;
}
