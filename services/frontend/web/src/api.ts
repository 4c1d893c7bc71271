// Asks the frontend.

import { type Criteria, LIMIT, toQuery } from './pure/criteria.ts';
import { type Hop, readHops } from './pure/explain.ts';
import { finite, type Hotel, isObject, readHotels, text } from './pure/hotel.ts';

/** What came of a question. */
export type Outcome =
  | { kind: 'hotels'; hotels: Hotel[]; degraded: string[]; isFull: boolean }
  | { kind: 'fault'; status: number; message: string; field?: string; retryAfter?: number }
  | { kind: 'unreachable' };

/** How an answer was made. */
export interface Made {
  ms: number;
  trace?: string;
  hops: Hop[];
}

export interface Answer {
  outcome: Outcome;
  made?: Made;
}

/** Longer than the frontend's own deadline: after that nothing will come. */
const PATIENCE = 15_000;

/** The hotels for these criteria. It never throws; an abort counts as unreachable, and nobody looks at that. */
export async function askHotels(criteria: Criteria, signal: AbortSignal): Promise<Answer> {
  const began = performance.now();
  try {
    const headers = { 'x-bellhop-explain': '1' };
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const answer = await fetch(`/hotels?${toQuery(criteria)}`, { signal: within, headers });
    const body: unknown = await answer.json().catch(() => undefined);
    const made: Made = { ms: performance.now() - began, hops: readHops(answer.headers.get('x-bellhop-explain')) };
    const trace = answer.headers.get('x-trace-id');
    if (trace && /^[0-9a-f]{32}$/.test(trace)) made.trace = trace;
    return { outcome: answer.ok && isObject(body) ? hotels(body) : fault(answer, body), made };
  } catch {
    return { outcome: { kind: 'unreachable' } };
  }
}

function hotels(body: Record<string, unknown>): Outcome {
  const found = readHotels(body);
  const degraded = Array.isArray(body['degraded']) ? body['degraded'].filter((name) => typeof name === 'string') : [];
  return { kind: 'hotels', hotels: found, degraded, isFull: found.length >= LIMIT };
}

function fault(answer: Response, body: unknown): Outcome {
  const said = isObject(body) && isObject(body['error']) ? body['error'] : {};
  const outcome: Outcome = { kind: 'fault', status: answer.status, message: text(said['message']) ?? answer.statusText };
  const field = text(said['field']);
  if (field !== undefined) outcome.field = field;
  const seconds = finite(Number(answer.headers.get('retry-after') ?? Number.NaN));
  if (seconds !== undefined && seconds > 0) outcome.retryAfter = Math.min(3600, Math.ceil(seconds));
  return outcome;
}

/** What `/readyz` says of each service; nothing where it cannot be asked. */
export async function askReadiness(signal: AbortSignal): Promise<{ service: string; isWell: boolean }[]> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const body: unknown = await (await fetch('/readyz', { signal: within })).json();
    const states = isObject(body) && isObject(body['dependencies']) ? body['dependencies'] : {};
    return Object.entries(states).map(([service, state]) => ({ service, isWell: state === 'ok' }));
  } catch {
    return [];
  }
}
