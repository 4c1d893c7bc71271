// Order and filters. They work on what was found, without asking again.

import { byId } from '../dom.ts';
import { priceRange } from '../pure/choice.ts';
import type { Criteria, Sort } from '../pure/criteria.ts';
import { money, rating } from '../pure/format.ts';
import type { Hotel } from '../pure/hotel.ts';
import { SORTS } from '../pure/criteria.ts';
import type { Words } from '../words/index.ts';

export interface FilterHandlers {
  onSort(sort: Sort): void;
  onMost(most: number | undefined): void;
  onLeast(least: number | undefined): void;
}

export class Filters {
  readonly #sort = byId<HTMLSelectElement>('sort');
  readonly #most = byId<HTMLInputElement>('most');
  readonly #said = byId('mostSaid');
  readonly #chips = [...document.querySelectorAll<HTMLButtonElement>('[data-least]')];

  constructor(handlers: FilterHandlers) {
    this.#sort.addEventListener('change', () => handlers.onSort(this.#sort.value as Sort));
    this.#most.addEventListener('input', () => {
      const isAll = this.#most.value === this.#most.max;
      handlers.onMost(isAll ? undefined : Number(this.#most.value));
    });
    for (const chip of this.#chips) {
      chip.addEventListener('click', () => {
        const isOn = chip.getAttribute('aria-pressed') === 'true';
        handlers.onLeast(isOn ? undefined : Number(chip.dataset['least']));
      });
    }
  }

  show({ sort, most, least, locale }: Criteria, hotels: readonly Hotel[], words: Words): void {
    for (const option of this.#sort.options) option.textContent = words.sorts[option.value as Sort];
    this.#sort.value = SORTS.find((known) => known === sort) ?? 'distance';
    for (const chip of this.#chips) {
      const value = Number(chip.dataset['least']);
      const said = rating(locale, value);
      chip.setAttribute('aria-pressed', String(value === least));
      chip.setAttribute('aria-label', words.ratedFrom(said));
      if (chip.firstChild) chip.firstChild.textContent = `${said}+ `;
    }
    this.#showRange(hotels, most, locale);
  }

  #showRange(hotels: readonly Hotel[], most: number | undefined, locale: Criteria['locale']): void {
    const range = priceRange(hotels);
    const currency = hotels.find((hotel) => hotel.price)?.price?.currency ?? 'USD';
    // With no answer it stays as it is: a range that jumps while one waits helps nobody.
    this.#most.disabled = !range;
    if (range) {
      this.#most.min = String(range.from);
      this.#most.max = String(range.to);
      this.#most.value = String(Math.min(most ?? range.to, range.to));
    }
    const value = most ?? range?.to;
    const said = value === undefined ? '–' : money(locale, currency, value, true);
    this.#said.textContent = said;
    this.#most.setAttribute('aria-valuetext', said);
  }
}
