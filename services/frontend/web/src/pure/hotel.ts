// One hotel, read from an answer that is not trusted to have the shape that it should.

export interface Price {
  currency: string;
  nightly: number;
  total: number;
  totalInclusive: number;
  room: string;
}

export interface Hotel {
  id: string;
  name: string;
  phone?: string;
  description?: string;
  street?: string;
  city?: string;
  rating?: number;
  image?: string;
  /** Metres from the place that was asked for. */
  distance?: number;
  price?: Price;
  /** Longitude and latitude. */
  at?: [number, number];
}

type Json = Record<string, unknown>;

/** The hotels of a GeoJSON collection, each id once; what is none is left out. */
export function readHotels(body: unknown): Hotel[] {
  const features = isObject(body) && Array.isArray(body['features']) ? body['features'] : [];
  const hotels = new Map<string, Hotel>();
  for (const feature of features) {
    const hotel = readHotel(feature);
    if (hotel && !hotels.has(hotel.id)) hotels.set(hotel.id, hotel);
  }
  return [...hotels.values()];
}

function readHotel(feature: unknown): Hotel | undefined {
  if (!isObject(feature) || !isObject(feature['properties'])) return undefined;
  const { id, geometry } = feature;
  const said = feature['properties'];
  const name = text(said['name']);
  if (typeof id !== 'string' || name === undefined) return undefined;
  return defined<Hotel>({
    id,
    name,
    phone: text(said['phone_number']),
    description: text(said['description']),
    street: text(said['address_line']),
    city: cityOf(said),
    rating: finite(said['rating']),
    image: text(said['image_url']),
    distance: finite(said['distance_m']),
    price: readPrice(said['price']),
    at: isObject(geometry) ? readPoint(geometry['coordinates']) : undefined,
  });
}

function cityOf(said: Json): string | undefined {
  const region = [text(said['state']), text(said['postal_code'])].filter(Boolean).join(' ');
  return [text(said['city']), region].filter(Boolean).join(', ') || undefined;
}

function readPrice(said: unknown): Price | undefined {
  if (!isObject(said)) return undefined;
  const [nightly, total, totalInclusive] = ['nightly', 'total', 'total_inclusive'].map((name) => finite(said[name]));
  if (nightly === undefined || total === undefined || totalInclusive === undefined) return undefined;
  return { currency: text(said['currency']) ?? '', nightly, total, totalInclusive, room: text(said['room']) ?? '' };
}

function readPoint(said: unknown): [number, number] | undefined {
  if (!Array.isArray(said)) return undefined;
  const [lon, lat] = [finite(said[0]), finite(said[1])];
  if (lon === undefined || lat === undefined || Math.abs(lon) > 180 || Math.abs(lat) > 90) return undefined;
  return [lon, lat];
}

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
export const finite = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** Without the properties that are `undefined`. */
export function defined<T extends object>(made: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)) as T;
}
