// The side of the map: loads it after the list, says why where there is none, and offers to search where it was moved to.

import { byId, element, isNarrow } from '../dom.ts';
import type { HotelMap } from '../map/map.ts';
import type { PinOf } from '../map/pins.ts';
import type { Place } from '../pure/criteria.ts';
import type { Settings } from '../settings.ts';
import type { Words } from '../words/index.ts';
import type { Theme } from './theme.ts';

export interface MapPaneHandlers {
  onChoose(id: string): void;
  onHot(id: string | undefined, hasFocus: boolean): void;
  onArea(place: Place): void;
}

interface Shown {
  pins: readonly PinOf[];
  selected: string | undefined;
}

type Trouble = 'webgl' | 'failed' | 'tiles';

export class MapPane {
  readonly #area = byId<HTMLButtonElement>('area');
  readonly #notice = byId('mapNotice');
  #map: HotelMap | undefined;
  #shown: Shown = { pins: [], selected: undefined };
  #place: Place | undefined;
  #isFitted = false;
  #trouble: Trouble | undefined;
  #isBegun = false;

  constructor(
    private readonly handlers: MapPaneHandlers,
    private words: Words,
    private theme: Theme,
  ) {
    this.#area.addEventListener('click', () => this.#map && handlers.onArea(this.#map.place()));
    new ResizeObserver(() => this.#map?.resize()).observe(byId('where'));
  }

  /** Loads the map; the list does not wait for it. */
  async load(settings: Promise<Settings>): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    if (!hasWebGl()) return this.#tell('webgl');
    try {
      const [{ HotelMap }, { tiles }] = await Promise.all([import('../map/map.ts'), settings, fontReady()]);
      const options = { tiles, theme: this.theme, words: this.words };
      this.#map = new HotelMap(options, {
        onChoose: this.handlers.onChoose,
        onHot: this.handlers.onHot,
        onMoved: () => (this.#area.hidden = false),
        onTilesGone: () => this.#tell('tiles'),
      });
    } catch {
      return this.#tell('failed');
    }
    this.#draw();
  }

  /** Shows pins, and moves to them where the place is another than before. */
  show(pins: readonly PinOf[], selected: string | undefined, place: Place | undefined): void {
    this.#shown = { pins, selected };
    if (JSON.stringify(place) !== JSON.stringify(this.#place)) this.#isFitted = false;
    this.#place = place;
    this.#draw();
  }

  /** The place that is asked for next is the one that is seen: the map stays where it is. */
  keep(place: Place): void {
    this.#place = place;
    this.#isFitted = true;
  }

  select(id: string | undefined): void {
    this.#shown = { ...this.#shown, selected: id };
    this.#map?.select(id, this.#shown.pins.find((pin) => pin.id === id)?.at);
  }

  light(id: string | undefined): void {
    this.#map?.light(id);
  }

  focusPin(id: string): boolean {
    return this.#map?.focusPin(id) ?? false;
  }

  showLoading(): void {
    this.#area.hidden = true;
    this.#map?.dim(true);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.#map?.setTheme(theme);
  }

  setWords(words: Words): void {
    this.words = words;
    this.#map?.setWords(words);
    if (this.#trouble) this.#tell(this.#trouble);
  }

  /** The map is hidden while the list has the whole of a narrow screen, and has no size then. */
  resize(): void {
    this.#map?.resize();
  }

  #draw(): void {
    if (!this.#map) return;
    const { pins, selected } = this.#shown;
    this.#map.dim(false);
    this.#map.show(pins, selected);
    if (this.#isFitted || (pins.length === 0 && !this.#place)) return;
    this.#map.fit(pins, this.#place);
    this.#isFitted = true;
    if (selected !== undefined && isNarrow()) this.select(selected);
  }

  #tell(trouble: Trouble): void {
    this.#trouble = trouble;
    if (trouble === 'tiles') {
      this.#notice.textContent = this.words.noTiles;
      this.#notice.hidden = false;
      return;
    }
    document.body.classList.add('mapless');
    byId('map').replaceChildren(element('p', { class: 'no-map', role: 'status' }, this.words.noMap[trouble]));
  }
}

function hasWebGl(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}

/** Labels are drawn once, so with the right font; a font that does not come holds nothing up. */
async function fontReady(): Promise<void> {
  const loaded = document.fonts.load("500 12px 'Inter Variable'").catch(() => undefined);
  await Promise.race([loaded, new Promise((done) => setTimeout(done, 1000))]);
}
