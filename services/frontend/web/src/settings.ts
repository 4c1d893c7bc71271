// What the frontend was started with.

import { isObject, text } from './pure/hotel.ts';

/** An online map. */
export interface Tiles {
  kind: 'raster' | 'style';
  url: string;
  attribution: string;
}

export interface Settings {
  tiles?: Tiles;
  /** Where Jaeger's pages are. */
  jaeger?: string;
  /** Whether there is a page that shows the mesh. */
  mesh?: boolean;
  /** Whether faults can be asked for there. */
  chaos?: boolean;
}

/** The settings; those of a page with nothing else around it where they cannot be had. */
export async function loadSettings(): Promise<Settings> {
  try {
    return readSettings(await (await fetch('/settings.json')).json());
  } catch {
    return {};
  }
}

export function readSettings(body: unknown): Settings {
  const settings: Settings = {};
  if (!isObject(body)) return settings;
  const jaeger = text(body['jaeger']);
  if (jaeger !== undefined && /^https?:\/\//.test(jaeger)) settings.jaeger = jaeger.replace(/\/+$/, '');
  if (body['mesh'] === true) settings.mesh = true;
  if (body['chaos'] === true) settings.chaos = true;
  const tiles = body['tiles'];
  if (!isObject(tiles)) return settings;
  const url = text(tiles['url']);
  const kind = tiles['kind'];
  if (url !== undefined && (kind === 'raster' || kind === 'style')) {
    settings.tiles = { kind, url, attribution: text(tiles['attribution']) ?? '' };
  }
  return settings;
}
