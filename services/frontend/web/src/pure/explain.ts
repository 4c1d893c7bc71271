// Who served an answer, read from `x-bellhop-explain`.

import { defined, finite, isObject, text } from './hotel.ts';

/** One instance that took part. */
export interface Hop {
  /** How many calls away from the frontend. */
  depth: number;
  service: string;
  instance: string;
  ms?: number;
  /** The attempts that the call took, where that was more than one. */
  attempts?: number;
}

const DEEPEST = 8;

/** The hops in the order of the calls; none where the header is missing or cannot be read. */
export function readHops(header: string | null): Hop[] {
  if (!header) return [];
  try {
    const hops: Hop[] = [];
    walk(JSON.parse(header), 0, undefined, hops);
    return hops;
  } catch {
    return [];
  }
}

function walk(hop: unknown, depth: number, attempts: number | undefined, into: Hop[]): void {
  if (!isObject(hop) || depth > DEEPEST) return;
  const [service, instance] = [text(hop['service']), text(hop['instance'])];
  if (service === undefined || instance === undefined) return;
  into.push(defined<Hop>({ depth, service, instance, ms: finite(hop['ms']), attempts }));
  for (const call of list(hop['calls'])) {
    if (!isObject(call)) continue;
    const tries = list(call['attempts']);
    const count = tries.length > 1 ? tries.length : undefined;
    const last = served(tries, call['outcome']);
    if (last) walk(last['hop'] ?? { ...last, service: call['service'] }, depth + 1, count, into);
  }
}

/** The attempt that the call ended with. The one that began last may have been overtaken by the one before. */
function served(tries: unknown[], outcome: unknown): Record<string, unknown> | undefined {
  const known = tries.filter(isObject);
  return known.filter((one) => one['outcome'] === outcome).at(-1) ?? known.at(-1);
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
