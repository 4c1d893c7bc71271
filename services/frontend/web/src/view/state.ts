// What stands in the place of the list where there is none: why, and what to do.

import { askReadiness, type Outcome } from '../api.ts';
import { byId, button, element } from '../dom.ts';
import type { Words } from '../words/index.ts';
import { Countdown } from './countdown.ts';

export interface StateHandlers {
  onRetry(): void;
  onReset(): void;
  onChooseDates(): void;
  onLater(): void;
  /** Looks further around; not where all of the city was searched. */
  onWider(): void;
  onCity(): void;
  onClearFilters(): void;
}

type Action = [label: string, act: () => void];

export class State {
  readonly #state = byId('state');
  readonly #countdown = new Countdown();
  #asking = new AbortController();

  constructor(private readonly handlers: StateHandlers) {}

  hide(): void {
    this.#countdown.stop();
    this.#asking.abort();
    this.#state.hidden = true;
    this.#state.replaceChildren();
  }

  showEmpty(words: Words, hasPlace: boolean): void {
    const { title, text, dates, later, area, city } = words.empty;
    const { onChooseDates, onLater, onWider, onCity } = this.handlers;
    const actions: Action[] = [[later, onLater], [dates, onChooseDates]];
    if (hasPlace) actions.unshift([area, onWider], [city, onCity]);
    this.#show('bed', title, [text], actions);
  }

  /** The dates are bad, which is said at their field. */
  showDates(words: Words): void {
    this.#show('bed', words.faults.title, [], [[words.empty.dates, this.handlers.onChooseDates]]);
  }

  showFiltered(words: Words, count: number): void {
    const { title, text, clear } = words.filtered;
    this.#show('bed', title, [text(count)], [[clear, this.handlers.onClearFilters]]);
  }

  /** A fault that is not one of the dates'. */
  showFault(words: Words, fault: Exclude<Outcome, { kind: 'hotels' }>): void {
    const { onRetry, onReset } = this.handlers;
    const retry: Action = [words.down.retry, onRetry];
    if (fault.kind === 'unreachable') {
      return this.#show('cloud', words.unreachable.title, [words.unreachable.text], [retry], true);
    }
    if (fault.status === 429) return this.#showLimited(words, fault.retryAfter ?? 1);
    if (fault.status >= 400 && fault.status < 500) {
      const { title, text, reset } = words.bad;
      return this.#show('cloud', title, [text, fault.message], [[reset, onReset]], true);
    }
    if (fault.status === 504) return this.#show('cloud', words.late.title, [words.late.text], [retry], true);
    this.#show('cloud', words.down.title, [words.down.text, words.down.works], [retry], true);
    void this.#tellWhoIsDown(words);
  }

  #showLimited(words: Words, seconds: number): void {
    const { title, text, said } = words.limited;
    this.#show('clock', title, [], [], true);
    // The eye sees each second, the ear hears of it once.
    const left = element('p', { 'aria-hidden': 'true', class: 'countdown' });
    this.#state.append(element('p', { class: 'unseen' }, said), left);
    this.#countdown.start(seconds, (count) => (left.textContent = text(count)), this.handlers.onRetry);
  }

  async #tellWhoIsDown(words: Words): Promise<void> {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const states = await askReadiness(signal);
    if (signal.aborted) return;
    const named = (isWell: boolean): string => states.filter((one) => one.isWell === isWell).map((one) => one.service).join(', ');
    const [missing, well] = [named(false), named(true)];
    const parts = [missing && words.down.missing(missing), well && words.down.well(well)];
    this.#state.querySelector('.actions')?.before(...parts.filter(Boolean).map((text) => element('p', { class: 'services' }, text)));
  }

  #show(icon: keyof typeof ICONS, title: string, texts: string[], actions: Action[], isFault = false): void {
    this.hide();
    const buttons = actions.map(([label, act], index) => button(index === 0 ? 'primary' : 'secondary', act, label));
    // An alert is read out as soon as it is there; for the others the live region speaks.
    this.#state.setAttribute('role', isFault ? 'alert' : 'group');
    this.#state.setAttribute('aria-label', title);
    this.#state.hidden = false;
    this.#state.replaceChildren(
      drawing(ICONS[icon]),
      element('h2', {}, title),
      ...texts.map((text) => element('p', {}, text)),
      ...(buttons.length > 0 ? [element('div', { class: 'actions' }, ...buttons)] : []),
    );
  }
}

const ICONS = {
  bed: 'M4 30V12m0 12h28v6m0-6v-4a4 4 0 0 0-4-4H16v8M10 20a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  cloud: 'M11 27a7 7 0 0 1-.6-14A9 9 0 0 1 28 14.5 6.3 6.3 0 0 1 27 27M19 20v7m0 4v.5',
  clock: 'M18 31a13 13 0 1 0 0-26 13 13 0 0 0 0 26Zm0-20v7l5 3',
};

function drawing(path: string): SVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 36 36', width: '44', height: '44', 'aria-hidden': 'true' })) {
    svg.setAttribute(name, value);
  }
  const line = document.createElementNS(namespace, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}
