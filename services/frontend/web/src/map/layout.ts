// Finds each pin of the map a place where it hides no other: a pill with a price, or a dot where a pill has no room.

export interface Pin {
  id: string;
  /** Where its hotel is, in pixels. */
  x: number;
  y: number;
  /** How wide its pill is. */
  width: number;
}

export interface Placed {
  id: string;
  /** The middle of what is drawn. */
  x: number;
  y: number;
  isDot: boolean;
}

/** As high as a target has to be (WCAG 2.5.8), and a dot as wide. */
export const DOT = 24;
export const PILL_HEIGHT = 30;
/** Between any two. */
const GAP = 2;

/** How far a pill may stand from where its dot would: not so far that one looks for it elsewhere. */
const NUDGES: [number, number][] = [
  [0, 0],
  [0, -8],
  [0, 8],
  [-14, 0],
  [14, 0],
  [-14, -8],
  [14, -8],
  [-14, 8],
  [14, 8],
];

interface Box {
  x: number;
  y: number;
  halfWidth: number;
  halfHeight: number;
}

/** Places pins, the one that is selected as a pill in any case, those that come first before others. No two overlap. */
export function layout(pins: readonly Pin[], selected?: string): Placed[] {
  const boxes = new Map<string, Box>();
  const chosen = pins.find((pin) => pin.id === selected);
  if (chosen) boxes.set(chosen.id, pillAt(chosen, chosen.width));
  for (const pin of pins) {
    if (pin !== chosen) boxes.set(pin.id, freeDot(pin, [...boxes.values()]));
  }
  for (const pin of pins) {
    const dot = boxes.get(pin.id);
    if (pin === chosen || !dot) continue;
    const others = [...boxes].filter(([id]) => id !== pin.id).map(([, box]) => box);
    const pill = NUDGES.map(([dx, dy]) => pillAt({ x: dot.x + dx, y: dot.y + dy }, pin.width)).find((box) =>
      others.every((other) => !overlap(box, other)),
    );
    if (pill) boxes.set(pin.id, pill);
  }
  return pins.map(({ id }) => {
    const { x, y, halfHeight } = boxes.get(id) as Box;
    return { id, x, y, isDot: halfHeight === DOT / 2 };
  });
}

function pillAt({ x, y }: { x: number; y: number }, width: number): Box {
  return { x, y, halfWidth: Math.max(width, DOT) / 2, halfHeight: PILL_HEIGHT / 2 };
}

/** The free spot for a dot that is nearest to its hotel, along widening rings. */
function freeDot(pin: Pin, taken: readonly Box[]): Box {
  const at = (dx: number, dy: number): Box => ({ x: pin.x + dx, y: pin.y + dy, halfWidth: DOT / 2, halfHeight: DOT / 2 });
  // So many rings cannot all be taken: the outer ones are longer than all boxes together.
  const rings = 4 * (taken.length + 4);
  for (let ring = 0; ring <= rings; ring += 1) {
    const radius = ring * 7;
    const steps = Math.max(1, ring * 6);
    for (let step = 0; step < steps; step += 1) {
      const angle = (step / steps) * 2 * Math.PI - Math.PI / 2;
      const spot = at(radius * Math.cos(angle), radius * Math.sin(angle));
      if (taken.every((box) => !overlap(spot, box))) return spot;
    }
  }
  return at(0, 0);
}

function overlap(one: Box, other: Box): boolean {
  return (
    Math.abs(one.x - other.x) < one.halfWidth + other.halfWidth + GAP &&
    Math.abs(one.y - other.y) < one.halfHeight + other.halfHeight + GAP
  );
}

/** The pin that lies nearest in the direction of an arrow key; one that lies straight ahead before one beside. */
export function towards(from: Placed, all: readonly Placed[], key: string): Placed | undefined {
  const direction = DIRECTIONS[key];
  if (!direction) return undefined;
  const [along, across] = direction;
  let best: { pin: Placed; score: number } | undefined;
  for (const pin of all) {
    const [dx, dy] = [pin.x - from.x, pin.y - from.y];
    const ahead = dx * along + dy * across;
    if (pin.id === from.id || ahead <= 0) continue;
    const score = Math.hypot(dx, dy) + 2 * Math.abs(dx * across - dy * along);
    if (!best || score < best.score) best = { pin, score };
  }
  return best?.pin;
}

const DIRECTIONS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
