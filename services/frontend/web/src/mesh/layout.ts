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
  /** Where its figure stands. */
  x: number;
  y: number;
}

/** The way of an edge: from side to side where one box is right of the other, else from below to above. */
export function way(from: Box, to: Box): Way {
  const isBeside = to.left >= from.right;
  const [x1, y1] = isBeside ? [from.right, middle(from.top, from.bottom)] : [middle(from.left, from.right), from.bottom];
  const [x2, y2] = isBeside ? [to.left, middle(to.top, to.bottom)] : [middle(to.left, to.right), to.top];
  const [bendX, bendY] = isBeside ? [(x2 - x1) / 2, 0] : [0, (y2 - y1) / 2];
  const path = `M${round(x1)} ${round(y1)}C${round(x1 + bendX)} ${round(y1 + bendY)} ${round(x2 - bendX)} ${round(y2 - bendY)} ${round(x2)} ${round(y2)}`;
  // Beyond the middle the edges of one caller have parted.
  const at = 0.6;
  const on = (a: number, bend: number, b: number): number => cubic(at, a, a + bend, b - bend, b);
  return { path, x: round(on(x1, bendX, x2)), y: round(on(y1, bendY, y2)) };
}

const middle = (a: number, b: number): number => (a + b) / 2;
const round = (value: number): number => Math.round(value * 10) / 10;

function cubic(t: number, a: number, b: number, c: number, d: number): number {
  const u = 1 - t;
  return u ** 3 * a + 3 * u ** 2 * t * b + 3 * u * t ** 2 * c + t ** 3 * d;
}
