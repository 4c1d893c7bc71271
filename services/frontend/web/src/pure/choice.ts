// Which of the hotels found are shown, in which order, and what is said of the best.

import type { Criteria, Sort } from './criteria.ts';
import type { Hotel } from './hotel.ts';

/** The hotels that the filters let pass, in the order asked for. One without a price passes a price filter only where none has one. */
export function chosen(hotels: readonly Hotel[], { most, least, sort }: Pick<Criteria, 'most' | 'least' | 'sort'>): Hotel[] {
  const isPriced = hotels.some((hotel) => hotel.price);
  const passes = (hotel: Hotel): boolean =>
    (most === undefined || !isPriced || (hotel.price?.nightly ?? Infinity) <= most) &&
    (least === undefined || (hotel.rating ?? 0) >= least);
  return hotels.filter(passes).sort(ORDERS[sort]);
}

type Order = (one: Hotel, other: Hotel) => number;

/** What is not known comes last; sorting is stable, so equals stay nearest first, as they were found. */
const ascending = (of: (hotel: Hotel) => number | undefined): Order => (one, other) => {
  const [left, right] = [of(one), of(other)];
  if (left === right) return 0;
  if (left === undefined) return 1;
  return right === undefined ? -1 : left - right;
};

const ORDERS: Record<Sort, Order> = {
  distance: ascending((hotel) => hotel.distance),
  price: ascending((hotel) => hotel.price?.nightly),
  rating: ascending((hotel) => (hotel.rating === undefined ? undefined : -hotel.rating)),
};

/** The prices a night between which the filter moves, in tens; `undefined` where there is nothing to choose. */
export function priceRange(hotels: readonly Hotel[]): { from: number; to: number } | undefined {
  const prices = hotels.flatMap((hotel) => hotel.price?.nightly ?? []);
  if (prices.length === 0) return undefined;
  const from = Math.ceil(Math.min(...prices) / 10) * 10;
  const to = Math.ceil(Math.max(...prices) / 10) * 10;
  return from < to ? { from, to } : undefined;
}

export type Badge = 'cheapest' | 'best';

/** The cheapest and the best rated of a list; none where nobody stands out. */
export function badges(hotels: readonly Hotel[]): Map<string, Badge> {
  const found = new Map<string, Badge>();
  if (hotels.length < 3) return found;
  const highest = Math.max(...hotels.map((hotel) => hotel.rating ?? 0));
  const lowest = Math.min(...hotels.map((hotel) => hotel.price?.nightly ?? Infinity));
  for (const { id, rating, price } of hotels) {
    if (rating === highest) found.set(id, 'best');
    if (price?.nightly === lowest) found.set(id, 'cheapest');
  }
  return found.size < hotels.length ? found : new Map();
}
