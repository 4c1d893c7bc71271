// The style of the built-in base map: our own data, our own font, nothing from elsewhere.
//
// No `glyphs`: MapLibre then draws labels with the page's fonts, so no server of glyphs is needed.

import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  LineLayerSpecification,
  StyleSpecification,
  SymbolLayerSpecification,
} from 'maplibre-gl';
import type { Theme } from '../view/theme.ts';
import { DARK, LIGHT, type Palette } from './palette.ts';

const SOURCE = 'city';
const FONT = ['Inter Variable', 'sans-serif'];

/** Grows with the zoom as streets do: pairs of a zoom and a width. */
const growing = (...stops: number[]): ExpressionSpecification =>
  ['interpolate', ['exponential', 1.55], ['zoom'], ...stops] as unknown as ExpressionSpecification;

const evenly = (...stops: number[]): ExpressionSpecification =>
  ['interpolate', ['linear'], ['zoom'], ...stops] as unknown as ExpressionSpecification;

const ofLayer = (layer: string): ExpressionSpecification => ['==', ['get', 'layer'], layer];
const ofClass = (...classes: string[]): ExpressionSpecification =>
  ['all', ofLayer('street'), ['in', ['get', 'cls'], ['literal', classes]]];
const ofKind = (kind: string): ExpressionSpecification => ['all', ofLayer('label'), ['==', ['get', 'kind'], kind]];

/** Labels of lower rank come with the zoom. */
const ranked = (kind: string, second: number, third = 24): ExpressionSpecification =>
  ['all', ofKind(kind), ['<=', ['get', 'rank'], ['step', ['zoom'], 1, second, 2, third, 3]]] as ExpressionSpecification;

function fill(id: string, filter: FilterSpecification, color: string): LayerSpecification {
  return { id, type: 'fill', source: SOURCE, filter, paint: { 'fill-color': color } };
}

interface Line {
  width: ExpressionSpecification | number;
  minzoom?: number;
  dash?: number[];
  opacity?: number;
}

function line(id: string, filter: FilterSpecification, color: string, { width, minzoom, dash, opacity }: Line): LayerSpecification {
  const paint: LineLayerSpecification['paint'] = { 'line-color': color, 'line-width': width };
  if (dash) paint['line-dasharray'] = dash;
  if (opacity !== undefined) paint['line-opacity'] = opacity;
  const layout: LineLayerSpecification['layout'] = dash
    ? { 'line-cap': 'butt', 'line-join': 'round' }
    : { 'line-cap': 'round', 'line-join': 'round' };
  return { id, type: 'line', source: SOURCE, filter, layout, paint, minzoom: minzoom ?? 0 };
}

type Layout = NonNullable<SymbolLayerSpecification['layout']>;

function label(id: string, filter: FilterSpecification, color: string, minzoom: number, layout: Layout, palette: Palette, halo = 1.6): LayerSpecification {
  return {
    id,
    type: 'symbol',
    source: SOURCE,
    filter,
    minzoom,
    layout: { 'text-field': ['get', 'name'], 'text-font': FONT, ...layout },
    paint: { 'text-color': color, 'text-halo-color': palette.halo, 'text-halo-width': halo },
  };
}

export function basemapStyle(theme: Theme, data: string, attribution: string): StyleSpecification {
  const palette = theme === 'dark' ? DARK : LIGHT;
  return {
    version: 8,
    name: theme,
    sources: { [SOURCE]: { type: 'geojson', data, attribution } },
    layers: [...grounds(palette), ...casings(palette), ...streets(palette), ...rails(palette), ...highways(palette), ...labels(palette)],
  };
}

function grounds(of: Palette): LayerSpecification[] {
  return [
    { id: 'water', type: 'background', paint: { 'background-color': of.water } },
    {
      id: 'shore',
      type: 'line',
      source: SOURCE,
      filter: ofLayer('land'),
      paint: { 'line-color': of.shore, 'line-width': growing(11, 3, 14, 14, 17, 40), 'line-blur': growing(11, 2, 14, 10, 17, 30) },
    },
    fill('land', ofLayer('land'), of.land),
    fill('beach', ofLayer('beach'), of.beach),
    fill('park', ofLayer('park'), of.park),
    fill('campus', ['all', ofLayer('built'), ['==', ['get', 'kind'], 'campus']], of.campus),
    fill('lake', ofLayer('lake'), of.water),
    fill('civic', ['all', ofLayer('built'), ['==', ['get', 'kind'], 'civic']], of.civic),
    line('ferry', ofClass('ferry'), of.ferry, { width: 1.1, dash: [4, 4], opacity: 0.75 }),
  ];
}

function casings(of: Palette): LayerSpecification[] {
  return [
    line('minor-edge', ofClass('minor'), of.edge, { width: growing(13, 0.6, 15, 5, 17, 17), minzoom: 13.4 }),
    line('tertiary-edge', ofClass('tertiary'), of.edge, { width: growing(12, 0.8, 14, 4.4, 17, 21), minzoom: 12 }),
    line('secondary-edge', ofClass('secondary'), of.edge, { width: growing(11, 1, 14, 6, 17, 26) }),
  ];
}

function streets(of: Palette): LayerSpecification[] {
  return [
    line('minor', ofClass('minor'), of.street, { width: growing(11, 0.35, 13, 0.9, 15, 3.8, 17, 15) }),
    line('tertiary', ofClass('tertiary'), of.tertiary, { width: growing(11, 0.5, 13, 1.6, 15, 5.4, 17, 19) }),
    line('secondary', ofClass('secondary'), of.secondary, { width: growing(11, 0.8, 14, 4.6, 17, 23) }),
  ];
}

function rails(of: Palette): LayerSpecification[] {
  return [
    line('cable', ofClass('cable'), of.cable, { width: growing(13, 0.8, 16, 1.6), dash: [1, 2], minzoom: 13.5 }),
    line('rail', ofClass('rail'), of.rail, { width: growing(11, 0.8, 15, 2.2), dash: [5, 2] }),
  ];
}

function highways(of: Palette): LayerSpecification[] {
  return [
    line('primary-edge', ofClass('primary'), of.primaryEdge, { width: growing(10, 1, 14, 7.4, 17, 30) }),
    line('primary', ofClass('primary'), of.primary, { width: growing(10, 0.7, 14, 5.6, 17, 26) }),
    line('motorway-edge', ofClass('motorway'), of.motorwayEdge, { width: growing(9, 1.4, 14, 9.4, 17, 30) }),
    line('motorway', ofClass('motorway'), of.motorway, { width: growing(9, 1, 14, 7.2, 17, 26) }),
  ];
}

function labels(of: Palette): LayerSpecification[] {
  const along: Layout = { 'symbol-placement': 'line', 'text-max-angle': 30 };
  const named: ExpressionSpecification = ['all', ofClass('primary', 'secondary', 'tertiary'), ['has', 'name']];
  const minor: ExpressionSpecification = ['all', ofClass('minor'), ['has', 'name']];
  return [
    label('street-names', named, of.streetText, 13.2, { ...along, 'text-size': growing(13, 10, 17, 14), 'symbol-spacing': 320, 'text-padding': 6 }, of),
    label('minor-names', minor, of.streetText, 15, { ...along, 'text-size': growing(15, 10, 18, 13), 'symbol-spacing': 260, 'text-padding': 5 }, of),
    label('sights', ranked('poi', 13, 14.6), of.sightText, 11.5, { 'text-field': ['concat', '• ', ['get', 'name']], 'text-size': 11, 'text-anchor': 'left', 'text-max-width': 9, 'text-padding': 4 }, of),
    label('parks', ranked('park', 13, 14.4), of.parkText, 11, { 'text-size': evenly(11, 10, 15, 12), 'text-max-width': 7 }, of),
    {
      id: 'stations',
      type: 'circle',
      source: SOURCE,
      filter: ofKind('bart'),
      minzoom: 13.2,
      paint: { 'circle-radius': growing(13, 2.4, 16, 5), 'circle-color': of.station, 'circle-stroke-color': of.land, 'circle-stroke-width': 1.6 },
    },
    label('station-names', ofKind('bart'), of.station, 14.2, { 'text-size': 11, 'text-anchor': 'left', 'text-offset': [0.7, 0], 'text-optional': true }, of),
    label('waters', ranked('water', 12, 14), of.waterText, 10, { 'text-size': evenly(10, 11, 14, 15), 'text-letter-spacing': 0.12, 'text-max-width': 6 }, of, 0),
    label('quarters', ranked('hood', 13.6), of.quarterText, 11.3, { 'text-field': ['upcase', ['get', 'name']], 'text-size': evenly(11.5, 8.5, 15, 12.5), 'text-letter-spacing': 0.09, 'text-max-width': 7, 'text-padding': 8 }, of, 1.8),
  ];
}
