// Numbers and names as people read them.

import type { Locale } from './criteria.ts';
import type { Stay } from './stay.ts';

const TAGS: Record<Locale, string> = { en: 'en-US', de: 'de-DE', es: 'es-ES' };

/** An amount, without cents where there are none or where `isRound` says so. */
export function money(locale: Locale, currency: string, amount: number, isRound = false): string {
  const digits = isRound || Number.isInteger(amount) ? 0 : 2;
  const style = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  try {
    return new Intl.NumberFormat(TAGS[locale], { ...style, currencyDisplay: 'narrowSymbol' }).format(amount);
  } catch {
    return `${amount.toFixed(digits)} ${currency}`.trim(); // The currency is none that the browser knows.
  }
}

/** Metres up to one kilometre, then kilometres. */
export function distance(locale: Locale, metres: number): string {
  if (metres < 995) return `${Math.round(metres / 10) * 10} m`;
  const digits = metres < 9950 ? 1 : 0;
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${new Intl.NumberFormat(TAGS[locale], style).format(metres / 1000)} km`;
}

export function rating(locale: Locale, value: number): string {
  return new Intl.NumberFormat(TAGS[locale], { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}

/** The days of a stay, as short as they can be. */
export function days(locale: Locale, { inDate, outDate }: Stay): string {
  const format = new Intl.DateTimeFormat(TAGS[locale], { month: 'short', day: 'numeric', year: 'numeric', timeZone: 'UTC' });
  return format.formatRange(Date.parse(inDate), Date.parse(outDate));
}

/** At most two letters for a name, without the words that many hotels share. */
export function monogram(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}|^\p{N}/u.test(word));
  const telling = words.filter((word) => !/^(the|hotel|san|francisco)$/i.test(word));
  const chosen = telling.length > 0 ? telling : words;
  return chosen.slice(0, 2).map((word) => Array.from(word)[0]?.toLocaleUpperCase() ?? '').join('') || 'H';
}

/** A number that stays the same for a text, to choose a colour by. */
export function shade(text: string, count: number): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum % count;
}

/** A telephone number as a link takes it. */
export const phoneLink = (phone: string): string => `tel:${phone.replace(/[^+\d]/g, '')}`;
