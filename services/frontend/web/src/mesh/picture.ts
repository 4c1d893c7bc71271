// The mesh at one moment, as /mesh/events tells it.

import { isObject, text } from '../pure/hotel.ts';
import { type Faults, readFaults } from './faults.ts';

export const STATES = ['passing', 'warming', 'kept', 'half_open', 'breaker_open', 'connecting', 'critical', 'draining'] as const;
export type State = (typeof STATES)[number];

/** An instance; what is not known is not there. */
export interface Instance {
  id: string;
  service: string;
  state: State;
  address?: string;
  version?: string;
  zone?: string;
  why?: string;
  registry?: string;
  seenMs?: number;
  unseen?: string;
  rate?: number;
  errors?: number;
  p50?: number;
  p99?: number;
  share?: number;
  /** Those in force, where it allows any. */
  faults?: Faults;
}

export interface Service {
  name: string;
  instances: Instance[];
}

export interface Edge {
  from: string;
  to: string;
  rate?: number;
  errors?: number;
}

export interface Picture {
  services: Service[];
  edges: Edge[];
  flags: { text: string; seconds: number }[];
  /** Why the registry does not answer. */
  registry?: string;
}

/** What can be understood of a picture; `undefined` where it is none. */
export function readPicture(json: string): Picture | undefined {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isObject(body) || !Array.isArray(body['services'])) return undefined;
  return known<Picture>({
    services: objects(body['services']).map(readService),
    edges: objects(body['edges']).map(readEdge),
    flags: objects(body['disagreements']).map((flag) => ({ text: text(flag['text']) ?? '', seconds: number(flag['seconds']) ?? 0 })),
    registry: text(body['registry']),
  });
}

function readService(service: Record<string, unknown>): Service {
  const name = text(service['name']) ?? '';
  return { name, instances: objects(service['instances']).map((instance) => readInstance(name, instance)) };
}

function readInstance(service: string, said: Record<string, unknown>): Instance {
  return known<Instance>({
    id: text(said['id']) ?? '',
    service,
    // A state that a newer frontend knows is nothing to hide behind "passing".
    state: STATES.find((state) => state === said['state']) ?? 'connecting',
    address: text(said['address']),
    version: text(said['version']),
    zone: text(said['zone']),
    why: text(said['why']),
    registry: text(said['registry']),
    seenMs: number(said['seen_ms']),
    unseen: text(said['unseen']),
    rate: number(said['rate']),
    errors: number(said['errors']),
    p50: number(said['p50_ms']),
    p99: number(said['p99_ms']),
    share: number(said['share']),
    faults: readFaults(said['faults']),
  });
}

function readEdge(edge: Record<string, unknown>): Edge {
  const [from, to] = [text(edge['from']) ?? '', text(edge['to']) ?? ''];
  return known<Edge>({ from, to, rate: number(edge['rate']), errors: number(edge['errors']) });
}

const objects = (list: unknown): Record<string, unknown>[] => (Array.isArray(list) ? list.filter(isObject) : []);

const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** Without what is not known. */
function known<T>(fields: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
