// Faults that are asked for: what a form says, and what is in force. Knows nothing of the page.

import { isObject } from '../pure/hotel.ts';
import { percentText } from './words.ts';

/** What an instance does to its answers. */
export interface Faults {
  latencyMs: number;
  /** The part of its calls that fail. */
  errors: number;
  paused: boolean;
  /** Until it ends by itself; none where nothing is in force. */
  seconds: number;
}

export const LATENCY_MAX = 30_000;
export const SECONDS_MAX = 300;

/** `undefined` where the instance allows none. */
export function readFaults(said: unknown): Faults | undefined {
  if (!isObject(said)) return undefined;
  const number = (name: string): number => (typeof said[name] === 'number' ? said[name] : 0);
  return { latencyMs: number('latency_ms'), errors: number('errors'), paused: said['paused'] === true, seconds: number('seconds') };
}

/** What an instance is asked for, as JSON says it. */
export interface Wish {
  latency_ms: number;
  errors: number;
  paused: boolean;
  seconds: number;
}

/** Whether anything is asked for. */
export const isOne = ({ latency_ms, errors, paused }: Wish): boolean => paused || latency_ms > 0 || errors > 0;

/** What an instance is asked for, within the bounds. */
export function wish(latencyMs: number, percent: number, paused: boolean, seconds: number): Wish {
  const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, Math.floor(value) || 0));
  return {
    latency_ms: within(latencyMs, 0, LATENCY_MAX),
    errors: within(percent, 0, 100) / 100,
    paused,
    seconds: within(seconds, 1, SECONDS_MAX),
  };
}

/** What is in force, in words; empty where nothing is. */
export function effects({ latencyMs, errors, paused, seconds }: Faults): string {
  if (seconds <= 0) return '';
  const said = [paused && 'holds its answers', latencyMs > 0 && `${latencyMs} ms late`, errors > 0 && `${percentText(errors)} fail`];
  return said.filter(Boolean).join(', ');
}

/** The same, with when it ends by itself. */
export function inForce(faults: Faults): string {
  const said = effects(faults);
  return said && `${said}; ends in ${faults.seconds} s`;
}
