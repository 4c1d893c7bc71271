// The list: one card a hotel, or skeletons of the same height while an answer is awaited.

import { byId, button, element } from '../dom.ts';
import type { Badge } from '../pure/choice.ts';
import type { Locale } from '../pure/criteria.ts';
import { distance, money, rating } from '../pure/format.ts';
import type { Hotel } from '../pure/hotel.ts';
import type { Words } from '../words/index.ts';
import { picture } from './picture.ts';

const SKELETONS = 6;

export interface ListHandlers {
  onChoose(id: string): void;
  /** A card is pointed at or has the focus; nothing where none is. */
  onHot(id: string | undefined): void;
}

interface Shown {
  hotels: readonly Hotel[];
  badges: Map<string, Badge>;
  locale: Locale;
  words: Words;
  isInArea: boolean;
}

export class List {
  readonly #results = byId('results');
  readonly #cards = new Map<string, HTMLElement>();
  #selected: string | undefined;

  constructor(private readonly handlers: ListHandlers) {}

  showLoading(): void {
    this.#results.hidden = false;
    this.#cards.clear();
    const bones = () => element('li', { class: 'skeleton', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'));
    this.#results.replaceChildren(...Array.from({ length: SKELETONS }, bones));
    this.#results.setAttribute('aria-busy', 'true');
    this.#results.scrollTop = 0;
  }

  show(shown: Shown): void {
    const focused = this.#focused();
    this.#results.removeAttribute('aria-busy');
    this.#cards.clear();
    for (const hotel of shown.hotels) this.#cards.set(hotel.id, this.#card(hotel, shown));
    this.#results.replaceChildren(...this.#cards.values());
    this.#results.hidden = shown.hotels.length === 0;
    this.select(this.#selected);
    if (focused !== undefined) this.focus(focused);
  }

  /** Marks the hotel whose panel is open. */
  select(id: string | undefined): void {
    this.#selected = id;
    for (const [each, card] of this.#cards) card.classList.toggle('selected', each === id);
  }

  /** Marks the hotel that is pointed at on the map. */
  light(id: string | undefined, isScrolled: boolean): void {
    for (const [each, card] of this.#cards) card.classList.toggle('hot', each === id);
    if (id !== undefined && isScrolled) this.#cards.get(id)?.scrollIntoView({ block: 'nearest' });
  }

  /** Puts the focus on a hotel's card, or on the list where it has none. */
  focus(id: string | undefined): void {
    const name = id === undefined ? undefined : this.#cards.get(id)?.querySelector('button');
    (name ?? this.#results).focus();
  }

  #focused(): string | undefined {
    const card = this.#results.contains(document.activeElement) ? document.activeElement?.closest('li') : undefined;
    return card?.dataset['id'];
  }

  #card(hotel: Hotel, shown: Shown): HTMLElement {
    const name = button('name', () => this.handlers.onChoose(hotel.id), hotel.name);
    const card = element(
      'li',
      { class: 'card', 'data-id': hotel.id },
      picture(hotel, 'thumb'),
      element('h3', {}, name),
      element('p', { class: 'street' }, hotel.street),
      facts(hotel, shown),
      cost(hotel, shown),
    );
    for (const event of ['pointerenter', 'focusin']) card.addEventListener(event, () => this.handlers.onHot(hotel.id));
    for (const event of ['pointerleave', 'focusout']) card.addEventListener(event, () => this.handlers.onHot(undefined));
    return card;
  }
}

function facts(hotel: Hotel, { locale, words, isInArea }: Shown): HTMLElement {
  const stars = hotel.rating === undefined ? undefined : rating(locale, hotel.rating);
  const far = hotel.distance === undefined ? undefined : distance(locale, hotel.distance);
  return element(
    'p',
    { class: 'facts' },
    stars !== undefined && element('span', { class: 'stars' }, ...starsOf(stars, words)),
    far !== undefined && element('span', {}, isInArea ? words.fromMiddle(far) : words.fromCentre(far)),
  );
}

/** A star for the eye, a sentence for the ear. */
export function starsOf(value: string, words: Words): HTMLElement[] {
  return [
    element('span', { 'aria-hidden': 'true', class: 'star' }, '★'),
    element('b', { 'aria-hidden': 'true' }, value),
    element('span', { class: 'unseen' }, words.rated(value)),
  ];
}

function cost({ id, price }: Hotel, { badges, locale, words }: Shown): HTMLElement {
  if (!price) return element('div', { class: 'cost' }, element('span', {}, words.noPrice));
  const badge = badges.get(id);
  return element(
    'div',
    { class: 'cost' },
    element('div', {}, element('b', {}, money(locale, price.currency, price.nightly, true)), element('span', {}, words.perNight)),
    badge
      ? element('span', { class: `badge ${badge}` }, words.badges[badge])
      : element('span', {}, words.total(money(locale, price.currency, price.total, true))),
  );
}
