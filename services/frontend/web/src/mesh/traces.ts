// Traces as /mesh/traces tells them, and the waterfall of one. Knows nothing of the page.

import { isObject, text } from '../pure/hotel.ts';

/** How a call went; times are in microseconds since 1970. */
interface Timed {
  name: string;
  startUs: number;
  tookUs: number;
  status: string;
  hasFailed: boolean;
}

/** A request whose trace is kept. */
export interface Trace extends Timed {
  trace: string;
}

export interface Happening {
  name: string;
  atUs: number;
  attributes: Record<string, string>;
}

export interface Span extends Timed {
  id: string;
  parent?: string;
  service: string;
  instance: string;
  kind: string;
  attributes: Record<string, string>;
  events: Happening[];
}

export interface Traces {
  /** Whether any are kept: they are not where a collector has them. */
  isKept: boolean;
  traces: Trace[];
}

export interface Joined {
  trace: string;
  spans: Span[];
  /** Members whose spans are not seen, with the reason. */
  unseen: [instance: string, why: string][];
}

/** A span in its place. */
export interface Row {
  span: Span;
  /** How many spans it is within. */
  depth: number;
  /** Where it begins and how long it is, as parts of the whole. */
  from: number;
  part: number;
}

export function readTraces(body: unknown): Traces {
  if (!isObject(body)) return { isKept: false, traces: [] };
  const traces = objects(body['traces']).map((said) => ({ trace: text(said['trace']) ?? '', ...timed(said) }));
  return { isKept: body['kept'] === true, traces };
}

export function readTrace(body: unknown): Joined {
  const said = isObject(body) ? body : {};
  const unseen = isObject(said['unseen']) ? Object.entries(said['unseen']) : [];
  return {
    trace: text(said['trace']) ?? '',
    spans: objects(said['spans']).map(readSpan),
    unseen: unseen.map(([instance, why]) => [instance, text(why) ?? '']),
  };
}

function readSpan(said: Record<string, unknown>): Span {
  const word = (name: string): string => text(said[name]) ?? '';
  const parent = text(said['parent']);
  const events = objects(said['events']).map((event) => ({
    name: text(event['name']) ?? '',
    atUs: number(event['at_us']),
    attributes: texts(event['attributes']),
  }));
  return {
    id: word('id'),
    ...(parent !== undefined && { parent }),
    service: word('service'),
    instance: word('instance'),
    kind: word('kind'),
    ...timed(said),
    attributes: texts(said['attributes']),
    events,
  };
}

function timed(said: Record<string, unknown>): Timed {
  return {
    name: text(said['name']) ?? '',
    startUs: number(said['start_us']),
    tookUs: number(said['took_us']),
    status: text(said['status']) ?? '',
    hasFailed: said['failed'] === true,
  };
}

const objects = (list: unknown): Record<string, unknown>[] => (Array.isArray(list) ? list.filter(isObject) : []);
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0);

function texts(said: unknown): Record<string, string> {
  const pairs = isObject(said) ? Object.entries(said) : [];
  return Object.fromEntries(pairs.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

/** Every span once, below the one that it is a part of; those beside each other as they began. */
export function waterfall(spans: readonly Span[]): Row[] {
  const start = Math.min(...spans.map(({ startUs }) => startUs));
  const whole = Math.max(1, ...spans.map(({ startUs, tookUs }) => startUs + tookUs - start));
  const inOrder = [...spans].sort((one, other) => one.startUs - other.startUs);
  const ids = new Set(spans.map(({ id }) => id));
  const left = new Set(inOrder);
  const rows: Row[] = [];
  const add = (span: Span, depth: number): void => {
    if (!left.delete(span)) return;
    rows.push({ span, depth, from: (span.startUs - start) / whole, part: span.tookUs / whole });
    for (const child of inOrder) if (child.parent === span.id) add(child, depth + 1);
  };
  for (const span of inOrder) if (span.parent === undefined || !ids.has(span.parent)) add(span, 0);
  // Those that are each other's parents.
  for (const span of inOrder) add(span, 0);
  return rows;
}

/** What is worth a word about a span besides how long it took: which attempt it was, whom it went to, what happened. */
export function notes({ attributes, events, startUs }: Span): string[] {
  const attempt = attributes['bellhop.attempt'];
  const to = attributes['bellhop.endpoint.id'];
  const query = attributes['url.query'];
  const happened = events.map((event) => {
    const said = Object.values(event.attributes).join(', ');
    const after = Math.max(0, event.atUs - startUs);
    return `${event.name.replace(/^bellhop\./, '').replaceAll('.', ' ')}${said && `: ${said}`}, after ${microsText(after)}`;
  });
  return [...(attempt === undefined ? [] : [`${attempt} attempt`]), ...(to === undefined ? [] : [`to ${to}`]), ...(query === undefined ? [] : [`?${query}`]), ...happened];
}

/** A span of time that is given in microseconds. */
export function microsText(micros: number): string {
  if (micros >= 1_000_000) return `${(micros / 1_000_000).toFixed(2)} s`;
  if (micros >= 1000) return `${(micros / 1000).toFixed(micros >= 100_000 ? 0 : 1)} ms`;
  return `${Math.round(micros)} µs`;
}
