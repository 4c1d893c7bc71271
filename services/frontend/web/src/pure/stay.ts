// Calendar days as YYYY-MM-DD, and what makes a stay a good one.

export interface Stay {
  inDate: string;
  outDate: string;
}

export type StayFault = { field: 'inDate' | 'outDate'; reason: 'missing' | 'order' | 'long' };

export const MOST_NIGHTS = 30;
const DAY = 86_400_000;

/** A local calendar day some days from now. */
export function dayFrom(now: Date, days: number): string {
  return new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate() + days)).toISOString().slice(0, 10);
}

/** Whether this is a day of the calendar: 2015-02-30 is none. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === text;
}

/** A day some days after another. */
export function daysAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** The nights between two days; negative where they stand the wrong way round. */
export function nights({ inDate, outDate }: Stay): number {
  return Math.round((Date.parse(`${outDate}T00:00:00Z`) - Date.parse(`${inDate}T00:00:00Z`)) / DAY);
}

/** What is wrong with a stay, and at which field. */
export function faultOf(stay: Stay): StayFault | undefined {
  if (!isDay(stay.inDate)) return { field: 'inDate', reason: 'missing' };
  if (!isDay(stay.outDate)) return { field: 'outDate', reason: 'missing' };
  const count = nights(stay);
  if (count < 1) return { field: 'outDate', reason: 'order' };
  if (count > MOST_NIGHTS) return { field: 'outDate', reason: 'long' };
  return undefined;
}

/** The stay after its first day was changed: as many nights as before, where that was a good stay. */
export function withInDate(before: Stay, inDate: string): Stay {
  if (!isDay(inDate)) return { ...before, inDate };
  const isGood = faultOf(before) === undefined;
  if (!isGood && faultOf({ ...before, inDate }) === undefined) return { ...before, inDate };
  return { inDate, outDate: daysAfter(inDate, isGood ? nights(before) : 1) };
}
