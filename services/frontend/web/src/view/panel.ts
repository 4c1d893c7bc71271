// The panel of one hotel, in the place of the list.

import { byId, button, element } from '../dom.ts';
import type { Locale } from '../pure/criteria.ts';
import { distance, money, phoneLink, rating } from '../pure/format.ts';
import type { Hotel, Price } from '../pure/hotel.ts';
import type { Words } from '../words/index.ts';
import { starsOf } from './list.ts';
import { picture } from './picture.ts';

interface Shown {
  locale: Locale;
  words: Words;
  nights: number;
  isInArea: boolean;
}

export class Panel {
  readonly #panel = byId('panel');
  readonly #browse = byId('browse');

  constructor(private readonly onClose: () => void) {
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.isOpen && !event.defaultPrevented) this.onClose();
    });
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  show(hotel: Hotel, shown: Shown, takesFocus: boolean): void {
    const isFocused = this.#panel.contains(document.activeElement);
    this.#panel.replaceChildren(
      picture(hotel, 'hero'),
      button('back', this.onClose, element('span', { 'aria-hidden': 'true' }, '←'), ` ${shown.words.back}`),
      element('div', { class: 'about' }, ...about(hotel, shown)),
    );
    this.#panel.hidden = false;
    this.#browse.inert = true;
    document.body.classList.add('chosen');
    if (takesFocus || isFocused) byId('panel-name').focus({ preventScroll: true });
    if (takesFocus) this.#panel.scrollTop = 0;
  }

  hide(): void {
    this.#panel.hidden = true;
    this.#panel.replaceChildren();
    this.#browse.inert = false;
    document.body.classList.remove('chosen');
  }
}

function about(hotel: Hotel, shown: Shown): (HTMLElement | false)[] {
  const { locale, words, isInArea } = shown;
  const far = hotel.distance === undefined ? undefined : distance(locale, hotel.distance);
  const where = far !== undefined && (isInArea ? words.fromMiddle(far) : words.fromCentre(far));
  return [
    element(
      'div',
      {},
      element('h2', { id: 'panel-name', tabindex: '-1' }, hotel.name),
      element('p', { class: 'soft' }, [hotel.street, hotel.city].filter(Boolean).join(', ')),
    ),
    element(
      'p',
      { class: 'facts' },
      hotel.rating !== undefined && element('span', { class: 'stars' }, ...starsOf(rating(locale, hotel.rating), words)),
      where && element('span', {}, where),
    ),
    element('p', { class: 'description', lang: locale }, hotel.description),
    element('div', { class: 'offer' }, ...offer(hotel, shown)),
    element('dl', {}, ...details(hotel, shown)),
  ].filter((part) => part.childNodes.length > 0);
}

function offer({ price, phone }: Hotel, { locale, words, nights }: Shown): (HTMLElement | false)[] {
  const call = phone !== undefined && element('a', { class: 'primary', href: phoneLink(phone) }, words.call);
  if (!price) return [element('p', { class: 'soft' }, words.noPrice), call];
  const said = (amount: number): string => money(locale, price.currency, amount);
  return [
    element('p', {}, element('b', {}, said(price.nightly)), ` ${words.perNight}`),
    call,
    element('p', { class: 'soft' }, totals(price, said, words, nights)),
  ];
}

function totals(price: Price, said: (amount: number) => string, words: Words, nights: number): string {
  return [words.nights(nights), words.total(said(price.total)), words.withTax(said(price.totalInclusive))].join(' · ');
}

function details(hotel: Hotel, { words }: Shown): HTMLElement[] {
  const row = (term: string, value: string | HTMLElement | undefined): HTMLElement[] =>
    value === undefined || value === '' ? [] : [element('div', {}, element('dt', {}, term), element('dd', {}, value))];
  const phone = hotel.phone === undefined ? undefined : element('a', { href: phoneLink(hotel.phone) }, hotel.phone);
  return [
    ...row(words.phone, phone),
    ...row(words.room, hotel.price?.room),
  ];
}
