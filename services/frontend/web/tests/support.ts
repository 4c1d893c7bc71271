// Random input that is the same each time; a seed of one's own comes by SEED.

export type Random = () => number;

/** A generator of numbers from 0 up to 1 (mulberry32). */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const SEED = Number(process.env['SEED'] ?? 1);

/** Tries a property with many inputs; the seed of the one that fails is told. */
export function each(count: number, property: (random: Random) => void): void {
  for (let run = 0; run < count; run += 1) {
    try {
      property(seeded(SEED * 100_003 + run));
    } catch (error) {
      console.error(`run ${run} of SEED=${SEED} fails`);
      throw error;
    }
  }
}

/** A whole number, both ends included. */
export const whole = (random: Random, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));

export const oneOf = <T>(random: Random, items: readonly T[]): T => items[whole(random, 0, items.length - 1)] as T;

/** The thing, or nothing. */
export const perhaps = <T>(random: Random, make: () => T): T | undefined => (random() < 0.5 ? make() : undefined);
