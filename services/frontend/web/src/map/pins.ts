// The pins: one button a hotel, of which one takes part in the order of the tab key. Arrow keys go from one to the next.

import { type Map as GlMap, Marker } from 'maplibre-gl';
import { button, element } from '../dom.ts';
import { layout, type Placed, towards } from './layout.ts';

export interface PinOf {
  id: string;
  /** Longitude and latitude. */
  at: [number, number];
  label: string;
  /** What a screen reader says. */
  name: string;
}

export interface PinHandlers {
  onChoose(id: string): void;
  onHot(id: string | undefined, hasFocus: boolean): void;
}

interface Shown {
  pin: PinOf;
  marker: Marker;
  button: HTMLButtonElement;
  width: number;
}

/** The padding of a pill, both sides, and its edge. */
const PADDING = 22;

export class Pins {
  readonly #shown = new Map<string, Shown>();
  readonly #pen = document.createElement('canvas').getContext('2d');
  #placed: Placed[] = [];
  #selected: string | undefined;
  #roving: string | undefined;

  constructor(
    private readonly map: GlMap,
    private readonly handlers: PinHandlers,
  ) {}

  /** Shows these pins, the first ones before others where room is short. */
  show(pins: readonly PinOf[], selected: string | undefined): void {
    const wanted = new Set(pins.map((pin) => pin.id));
    const isFocused = this.#focused() !== undefined;
    for (const [id, { marker }] of this.#shown) {
      if (!wanted.has(id)) this.#forget(id, marker);
    }
    const old = new Map(this.#shown);
    // In the order of the list, so that whoever reads the page meets them as in the list.
    this.#shown.clear();
    for (const pin of pins) this.#shown.set(pin.id, this.#update(old.get(pin.id), pin));
    this.#selected = selected;
    if (!this.#roving || !wanted.has(this.#roving)) this.#roving = pins[0]?.id;
    if (isFocused && this.#focused() === undefined) this.map.getCanvas().focus();
    this.arrange();
  }

  select(id: string | undefined): void {
    this.#selected = id;
    if (id !== undefined && this.#shown.has(id)) this.#roving = id;
    this.arrange();
  }

  light(id: string | undefined): void {
    for (const [each, { button }] of this.#shown) button.classList.toggle('hot', each === id);
  }

  focus(id: string): boolean {
    const shown = this.#shown.get(id);
    shown?.button.focus();
    return shown !== undefined;
  }

  /** Finds all pins their places anew: after a zoom, or where there are others. */
  arrange(): void {
    const points = [...this.#shown.values()].map(({ pin, width }) => ({ ...this.#project(pin), id: pin.id, width }));
    this.#placed = layout(points, this.#selected);
    for (const [index, { id, x, y, isDot }] of this.#placed.entries()) {
      const [shown, point] = [this.#shown.get(id), points[index]];
      if (!shown || !point) continue;
      const isSelected = id === this.#selected;
      shown.button.classList.toggle('dot', isDot);
      shown.button.classList.toggle('selected', isSelected);
      shown.button.setAttribute('aria-pressed', String(isSelected));
      shown.button.tabIndex = id === this.#roving ? 0 : -1;
      shown.marker.setOffset([x - point.x, y - point.y]);
    }
  }

  #project({ at }: PinOf): { x: number; y: number } {
    const { x, y } = this.map.project(at);
    return { x, y };
  }

  #focused(): string | undefined {
    for (const [id, { button }] of this.#shown) if (button === document.activeElement) return id;
    return undefined;
  }

  #forget(id: string, marker: Marker): void {
    marker.remove();
    this.#shown.delete(id);
  }

  #update(old: Shown | undefined, pin: PinOf): Shown {
    const shown = old ?? this.#create(pin);
    const text = shown.button.firstElementChild;
    if (text) text.textContent = pin.label;
    shown.button.setAttribute('aria-label', pin.name);
    shown.marker.setLngLat(pin.at);
    return { ...shown, pin, width: this.#widthOf(pin.label) };
  }

  #create(pin: PinOf): Shown {
    const { id } = pin;
    const made = button('pin', (event) => this.#choose(event, id), element('span', {}, pin.label));
    made.dataset['id'] = id;
    made.addEventListener('keydown', (event) => this.#move(event, id));
    made.addEventListener('pointerenter', () => this.handlers.onHot(id, false));
    made.addEventListener('pointerleave', () => this.handlers.onHot(undefined, false));
    made.addEventListener('focus', () => this.#enter(id));
    made.addEventListener('blur', () => this.handlers.onHot(undefined, false));
    // MapLibre moves its element by styles of its own; the button inside is ours.
    const wrapper = element('div', { class: 'pin-place' }, made);
    const marker = new Marker({ element: wrapper, anchor: 'center' }).setLngLat(pin.at).addTo(this.map);
    for (const name of ['role', 'tabindex', 'aria-label']) wrapper.removeAttribute(name);
    return { pin, marker, button: made, width: 0 };
  }

  #choose(event: MouseEvent, id: string): void {
    event.stopPropagation();
    this.handlers.onChoose(id);
  }

  #enter(id: string): void {
    this.#roving = id;
    for (const [each, { button }] of this.#shown) button.tabIndex = each === id ? 0 : -1;
    this.handlers.onHot(id, true);
  }

  #move(event: KeyboardEvent, id: string): void {
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    event.stopPropagation();
    const from = this.#placed.find((placed) => placed.id === id);
    const next = from && towards(from, this.#placed, event.key);
    if (next) this.focus(next.id);
  }

  #widthOf(label: string): number {
    if (!this.#pen) return label.length * 9 + PADDING;
    this.#pen.font = "700 13.5px 'Inter Variable', system-ui, sans-serif";
    return Math.ceil(this.#pen.measureText(label).width) + PADDING;
  }
}
