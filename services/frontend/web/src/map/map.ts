// The map. It comes after the list: a browser that cannot draw it shows the list all the same.

import { AttributionControl, LngLatBounds, type LngLatBoundsLike, Map as GlMap, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import { byId, isCalm, isNarrow } from '../dom.ts';
import { type Place, placeOf } from '../pure/criteria.ts';
import { files } from '../files.ts';
import type { Tiles } from '../settings.ts';
import type { Theme } from '../view/theme.ts';
import type { Words } from '../words/index.ts';
import { type PinHandlers, type PinOf, Pins } from './pins.ts';
import { styleFor } from './styles.ts';

/** What the built-in map shows. */
const CITY: [number, number, number, number] = [-122.62, 37.66, -122.24, 37.9];
const CENTRE: [number, number] = [-122.4075, 37.7885];
/** How long an online map may take to come, in milliseconds. */
const TILES_WITHIN = 12_000;
/** Faults of tiles in a row that mean that none will come. */
const FAULTS = 3;
const METRES_A_PIXEL = 78_271.517;

export interface MapHandlers extends PinHandlers {
  /** People moved the map. */
  onMoved(): void;
  onTilesGone(): void;
}

interface Options {
  tiles: Tiles | undefined;
  theme: Theme;
  words: Words;
}

export class HotelMap {
  readonly #map: GlMap;
  readonly #pins: Pins;
  readonly #navigation = new NavigationControl({ showCompass: false });
  #options: Options;
  #frame = 0;

  /** It throws where the browser cannot draw one. */
  constructor(options: Options, handlers: MapHandlers) {
    this.#options = options;
    setWorkerUrl(new URL(files.worker, location.href).href);
    this.#map = new GlMap({
      container: byId('map'),
      style: this.#style(),
      center: CENTRE,
      zoom: 13.4,
      minZoom: 9,
      maxZoom: 18,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: isCalm() ? 0 : 200,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(this.#navigation, 'top-right');
    this.#map.addControl(new AttributionControl({ compact: false }), 'bottom-right');
    this.#map.addControl(new ScaleControl({ maxWidth: 100 }), 'bottom-right');
    this.#pins = new Pins(this.#map, handlers);
    this.#listen(handlers);
    this.setWords(options.words);
  }

  /** Shows pins; those that the built-in map has no ground for are shown on water. */
  show(pins: readonly PinOf[], selected: string | undefined): void {
    const [west, south, east, north] = CITY;
    const isInCity = pins.every(({ at: [lon, lat] }) => lon > west && lon < east && lat > south && lat < north);
    this.#map.setMaxBounds(this.#options.tiles || !isInCity ? null : CITY);
    this.#pins.show(pins, selected);
  }

  select(id: string | undefined, at: [number, number] | undefined): void {
    this.#pins.select(id);
    if (!at) return;
    const point = this.#map.project(at);
    const { clientWidth: width, clientHeight: height } = this.#map.getContainer();
    const isSeen = point.x > 60 && point.x < width - 60 && point.y > 60 && point.y < height - 70;
    if (!isSeen) this.#map[isCalm() ? 'jumpTo' : 'easeTo']({ center: at, duration: 450 });
  }

  light(id: string | undefined): void {
    this.#pins.light(id);
  }

  focusPin(id: string): boolean {
    return this.#pins.focus(id);
  }

  dim(isDimmed: boolean): void {
    byId('map').classList.toggle('waiting', isDimmed);
  }

  /** Shows all of these, or a place as wide as it was searched. */
  fit(pins: readonly PinOf[], place: Place | undefined): void {
    if (place) return this.#fitPlace(place);
    if (pins.length === 0) return;
    const bounds = pins.reduce((all, { at }) => all.extend(at), new LngLatBounds());
    const padding = isNarrow() ? { top: 40, bottom: 56, left: 44, right: 44 } : { top: 80, bottom: 100, left: 80, right: 90 };
    this.#map.fitBounds(bounds as LngLatBoundsLike, { padding, maxZoom: 15.2, animate: false });
    this.#pins.arrange();
  }

  /** What is seen: the middle, and as far as the corners. */
  place(): Place {
    const { lat, lng } = this.#map.getCenter();
    return placeOf(lat, lng, this.#map.getCenter().distanceTo(this.#map.getBounds().getNorthEast()) / 1000);
  }

  setTheme(theme: Theme): void {
    this.#options = { ...this.#options, theme };
    if (this.#options.tiles?.kind !== 'style') this.#map.setStyle(this.#style());
  }

  setWords(words: Words): void {
    const isOther = words !== this.#options.words;
    this.#options = { ...this.#options, words };
    this.#map.getCanvas().setAttribute('aria-label', words.mapHelp);
    for (const [name, text] of [['in', words.zoomIn], ['out', words.zoomOut]] as const) {
      const control = byId('map').querySelector(`.maplibregl-ctrl-zoom-${name}`);
      control?.setAttribute('aria-label', text);
      control?.setAttribute('title', text);
    }
    if (isOther && !this.#options.tiles) this.#map.setStyle(this.#style());
  }

  resize(): void {
    this.#map.resize();
    this.#pins.arrange();
  }

  #style(): ReturnType<typeof styleFor> {
    const { tiles, theme, words } = this.#options;
    return styleFor(tiles, theme, new URL(files.basemap, location.href).href, words.schematic);
  }

  #fitPlace({ lat, lon, radius }: Place): void {
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const pixels = Math.hypot(clientWidth, clientHeight) / 2;
    const zoom = Math.log2((METRES_A_PIXEL * Math.cos((lat * Math.PI) / 180) * pixels) / (radius * 1000));
    this.#map.jumpTo({ center: [lon, lat], zoom });
    this.#pins.arrange();
  }

  #listen(handlers: MapHandlers): void {
    // Moving keeps the pins' places to one another; zooming does not.
    this.#map.on('zoom', () => this.#soon());
    this.#map.on('moveend', (event) => {
      this.#pins.arrange();
      if ('originalEvent' in event && event.originalEvent) handlers.onMoved();
    });
    this.#map.once('idle', () => byId('map').classList.add('ready'));
    if (this.#options.tiles) this.#watchTiles(handlers);
  }

  #soon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#pins.arrange());
  }

  /** Tiles that cannot be had make way for the built-in map. */
  #watchTiles({ onTilesGone }: MapHandlers): void {
    let faults = 0;
    const giveUp = (): void => {
      clearTimeout(late);
      if (!this.#options.tiles) return;
      this.#options = { ...this.#options, tiles: undefined };
      this.#map.setStyle(this.#style());
      onTilesGone();
    };
    const late = setTimeout(giveUp, TILES_WITHIN);
    this.#map.on('error', () => {
      faults += 1;
      if (faults >= FAULTS || this.#options.tiles?.kind === 'style') giveUp();
    });
    this.#map.on('data', (event) => {
      // One tile that came is enough to know that others will.
      if ('tile' in event && event.tile && this.#options.tiles) {
        clearTimeout(late);
        faults = 0;
      }
    });
  }
}
