// What the page says, in each of its languages.

import type { Locale } from '../pure/criteria.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';

export interface Words {
  title: string;
  skip: string;
  checkIn: string;
  checkOut: string;
  search: string;
  language: string;
  toDark: string;
  toLight: string;
  searchForm: string;
  hotels: string;
  map: string;
  mapHelp: string;
  pins: string;
  showMap: string;
  showList: string;
  searchArea: string;
  zoomIn: string;
  zoomOut: string;
  sortBy: string;
  sorts: { distance: string; price: string; rating: string };
  filters: string;
  upTo: string;
  mostPrice: string;
  ratedFrom(rating: string): string;
  loading: string;
  found(count: number): string;
  foundOf(count: number, all: number): string;
  nights(count: number): string;
  full: string;
  inArea: string;
  perNight: string;
  aNight(price: string): string;
  total(price: string): string;
  withTax(price: string): string;
  rated(rating: string): string;
  fromCentre(distance: string): string;
  fromMiddle(distance: string): string;
  badges: { cheapest: string; best: string };
  noPrice: string;
  back: string;
  call: string;
  phone: string;
  room: string;
  faults: { title: string; missing: string; order: string; long: string; other: string };
  empty: { title: string; text: string; dates: string; later: string; area: string; city: string };
  filtered: { title: string; text(count: number): string; clear: string };
  down: { title: string; text: string; works: string; missing(services: string): string; well(services: string): string; retry: string };
  unreachable: { title: string; text: string };
  late: { title: string; text: string };
  limited: { title: string; text(seconds: number): string; said: string };
  bad: { title: string; text: string; reset: string };
  degraded: { prices: string; other(services: string): string };
  noMap: { webgl: string; failed: string };
  noTiles: string;
  schematic: string;
  made: { label: string; took(ms: string): string; trace(id: string): string; open(id: string): string; hops: string; mesh: string; attempts(count: number): string };
}

const WORDS: Record<Locale, Words> = { en, de, es };

export const wordsOf = (locale: Locale): Words => WORDS[locale];
