// What people look for. It lives in the URL, so that back, reload and a shared link work.

import { dayFrom, type Stay } from './stay.ts';

export const LOCALES = ['en', 'de', 'es'] as const;
export type Locale = (typeof LOCALES)[number];

export const SORTS = ['distance', 'price', 'rating'] as const;
export type Sort = (typeof SORTS)[number];

/** A point and how far around it, in km. */
export interface Place {
  lat: number;
  lon: number;
  radius: number;
}

export interface Criteria {
  stay: Stay;
  locale: Locale;
  sort: Sort;
  /** Where to look; the city's centre where nothing is said. */
  place?: Place;
  /** The highest price a night. */
  most?: number;
  /** The lowest rating. */
  least?: number;
  /** The hotel whose panel is open. */
  hotel?: string;
}

/** How many hotels are asked for. */
export const LIMIT = 100;
export const MOST_KM = 50;
const LEAST_KM = 0.1;

/** Reads a URL's query; what cannot be read counts as not said, save for dates, which are told at their field. */
export function readUrl(search: string, now: Date, preferred: readonly string[]): Criteria {
  const said = new URLSearchParams(search);
  const criteria: Criteria = {
    stay: { inDate: said.get('inDate') ?? dayFrom(now, 1), outDate: said.get('outDate') ?? dayFrom(now, 2) },
    locale: oneOf(LOCALES, said.get('locale')) ?? ofPreferred(preferred),
    sort: oneOf(SORTS, said.get('sort')) ?? 'distance',
  };
  const place = readPlace(said);
  if (place) criteria.place = place;
  const most = number(said.get('price'));
  if (most !== undefined && most > 0) criteria.most = most;
  const least = number(said.get('rating'));
  if (least !== undefined && least > 0 && least <= 5) criteria.least = least;
  const hotel = said.get('hotel');
  if (hotel) criteria.hotel = hotel;
  return criteria;
}

/** The query of the page's own URL. */
export function toUrl(criteria: Criteria): string {
  const { stay, locale, sort, place, most, least, hotel } = criteria;
  const said = new URLSearchParams({ ...stay, locale });
  if (place) setPlace(said, place);
  if (sort !== 'distance') said.set('sort', sort);
  if (most !== undefined) said.set('price', String(most));
  if (least !== undefined) said.set('rating', String(least));
  if (hotel !== undefined) said.set('hotel', hotel);
  return `?${said}`;
}

/** The query of `/hotels`. */
export function toQuery({ stay, locale, place }: Criteria): string {
  const asked = new URLSearchParams({ ...stay, locale, limit: String(LIMIT) });
  if (place) setPlace(asked, place);
  return asked.toString();
}

/** A place that the service takes, written as short as a map needs it. */
export function placeOf(lat: number, lon: number, radius: number): Place {
  const kilometres = Math.min(MOST_KM, Math.max(LEAST_KM, radius));
  return { lat: round(lat, 5), lon: round(wrapped(lon), 5), radius: round(kilometres, 2) };
}

function readPlace(said: URLSearchParams): Place | undefined {
  const [lat, lon, radius] = ['lat', 'lon', 'radius'].map((name) => number(said.get(name)));
  if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
  return placeOf(lat, lon, radius ?? 10);
}

function setPlace(query: URLSearchParams, { lat, lon, radius }: Place): void {
  query.set('lat', String(lat));
  query.set('lon', String(lon));
  query.set('radius', String(radius));
}

function oneOf<T extends string>(known: readonly T[], said: string | null | undefined): T | undefined {
  return known.find((one) => one === said);
}

/** The first language of the browser that the page speaks. */
function ofPreferred(preferred: readonly string[]): Locale {
  for (const tag of preferred) {
    const known = oneOf(LOCALES, tag.toLowerCase().split('-')[0]);
    if (known) return known;
  }
  return 'en';
}

function number(text: string | null): number | undefined {
  if (text === null || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const wrapped = (lon: number): number => (Math.abs(lon) <= 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180);
