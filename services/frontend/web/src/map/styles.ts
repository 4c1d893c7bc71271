// Which style the map has: the built-in one, or tiles from elsewhere where the frontend was told so.

import type { StyleSpecification } from 'maplibre-gl';
import type { Tiles } from '../settings.ts';
import type { Theme } from '../view/theme.ts';
import { basemapStyle } from './basemap.ts';

const DIMMED = { 'raster-brightness-max': 0.62, 'raster-saturation': -0.5, 'raster-contrast': 0.1 };

export function styleFor(tiles: Tiles | undefined, theme: Theme, data: string, schematic: string): StyleSpecification | string {
  if (!tiles) return basemapStyle(theme, data, escaped(schematic));
  if (tiles.kind === 'style') return tiles.url;
  return {
    version: 8,
    sources: { tiles: { type: 'raster', tiles: [tiles.url], tileSize: 256, maxzoom: 19, attribution: escaped(tiles.attribution) } },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': theme === 'dark' ? '#1b2429' : '#f4f1ea' } },
      { id: 'tiles', type: 'raster', source: 'tiles', paint: theme === 'dark' ? DIMMED : {} },
    ],
  };
}

/** MapLibre reads an attribution as markup. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
