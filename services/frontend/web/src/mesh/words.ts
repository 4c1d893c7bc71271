// How states and figures are said.

import type { State } from './picture.ts';

export const STATE_WORDS: Record<State, string> = {
  passing: 'passing',
  warming: 'warming up',
  kept: 'kept',
  half_open: 'half-open',
  breaker_open: 'breaker open',
  connecting: 'connecting',
  critical: 'critical',
  draining: 'draining',
};

export const NOTHING = '–';

/** Something in a second. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return NOTHING;
  if (rate > 0 && rate < 0.1) return '<0.1/s';
  return `${rate >= 10 || rate === 0 ? Math.round(rate) : rate.toFixed(1)}/s`;
}

export function percentText(part: number | undefined): string {
  if (part === undefined) return NOTHING;
  const percent = part * 100;
  // One of a million is not none.
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  return `${percent >= 10 || Number.isInteger(percent) ? Math.round(percent) : percent.toFixed(1)} %`;
}

export function millisText(millis: number | undefined): string {
  if (millis === undefined) return NOTHING;
  if (millis >= 1000) return `${(millis / 1000).toFixed(1)} s`;
  return `${millis >= 10 ? Math.round(millis) : millis.toFixed(1)} ms`;
}
