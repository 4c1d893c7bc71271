// Holds the page together: criteria in the URL, the last answer, and what is shown of both.

import { type Answer, askHotels, type Outcome } from './api.ts';
import { byId, isNarrow } from './dom.ts';
import { badges, chosen } from './pure/choice.ts';
import { type Criteria, type Place, placeOf, readUrl, toUrl } from './pure/criteria.ts';
import { days, money, rating } from './pure/format.ts';
import type { Hotel } from './pure/hotel.ts';
import { Latest } from './pure/latest.ts';
import { daysAfter, faultOf, nights, type Stay } from './pure/stay.ts';
import { loadSettings, type Settings } from './settings.ts';
import { Filters } from './view/filters.ts';
import { faultText, isField, StayForm } from './view/form.ts';
import { List } from './view/list.ts';
import { MadeLine } from './view/made.ts';
import { MapPane } from './view/mapPane.ts';
import { Notice } from './view/notice.ts';
import { Panel } from './view/panel.ts';
import { State } from './view/state.ts';
import { ThemeSwitch } from './view/theme.ts';
import { showWords } from './view/words.ts';
import { type Words, wordsOf } from './words/index.ts';

/** How long the map waits for the list, in milliseconds. */
const MAP_AFTER = 700;

type Step = 'push' | 'replace' | 'none';

export class App {
  #criteria: Criteria = readUrl(location.search, new Date(), navigator.languages);
  #words: Words = wordsOf(this.#criteria.locale);
  #answer: Answer | undefined;
  #settings: Settings = {};
  #isMapFull = false;
  readonly #latest = new Latest();
  readonly #asked = loadSettings();

  readonly #form = new StayForm((stay) => this.#search({ ...this.#criteria, stay }));
  readonly #filters = new Filters({
    onSort: (sort) => this.#change({ sort }, 'push'),
    onMost: (most) => this.#change({ most }, 'replace'),
    onLeast: (least) => this.#change({ least }, 'replace'),
  });
  readonly #list = new List({
    onChoose: (id) => this.#choose(id),
    onHot: (id) => this.#pane.light(id),
  });
  readonly #panel = new Panel(() => this.#close());
  readonly #notice = new Notice(() => void this.#ask());
  readonly #state = new State({
    onRetry: () => void this.#ask(),
    onReset: () => location.assign('/'),
    onChooseDates: () => this.#form.focus(),
    onLater: () => this.#search({ ...this.#criteria, stay: later(this.#criteria.stay) }),
    onWider: () => this.#search(withPlace(this.#criteria, wider(this.#criteria.place))),
    onCity: () => this.#search(withPlace(this.#criteria, undefined)),
    onClearFilters: () => this.#change({ most: undefined, least: undefined }, 'push'),
  });
  readonly #made = new MadeLine();
  readonly #theme: ThemeSwitch = new ThemeSwitch((theme) => this.#pane.setTheme(theme));
  readonly #pane: MapPane = new MapPane(
    {
      onChoose: (id) => this.#choose(id),
      onHot: (id, hasFocus) => this.#list.light(id, hasFocus),
      onArea: (place) => this.#searchArea(place),
    },
    this.#words,
    this.#theme.theme,
  );

  start(): void {
    const locale = byId<HTMLSelectElement>('locale');
    locale.addEventListener('change', () => {
      this.#goTo({ ...this.#criteria, locale: locale.value as Criteria['locale'] }, 'push', true);
    });
    byId('toggle').addEventListener('click', () => this.#toggle());
    window.addEventListener('popstate', () => this.#goTo(readUrl(location.search, new Date(), navigator.languages), 'none'));
    void this.#asked.then((settings) => {
      this.#settings = settings;
      this.#showMade();
    });
    this.#showCriteria();
    // What is not in the URL yet, such as tomorrow's date, is from now on: a reload shows the same.
    history.replaceState(null, '', toUrl(this.#criteria));
    void this.#ask();
  }

  /** A search that people asked for. It is left out where a date is bad: that is said at the field. */
  #search(next: Criteria): void {
    const { hotel: _, ...criteria } = next;
    const isSame = toUrl(criteria) === toUrl(this.#criteria);
    this.#goTo(criteria, isSame ? 'replace' : 'push', true);
  }

  #searchArea(place: Place): void {
    this.#pane.keep(place);
    this.#search(withPlace(this.#criteria, place));
  }

  #change(part: { [K in keyof Criteria]?: Criteria[K] | undefined }, step: Step): void {
    const changed = Object.entries({ ...this.#criteria, ...part }).filter(([, value]) => value !== undefined);
    this.#goTo(Object.fromEntries(changed) as unknown as Criteria, step);
  }

  #goTo(next: Criteria, step: Step, isAsked = false): void {
    const before = this.#criteria;
    this.#criteria = next;
    if (step !== 'none') history[step === 'push' ? 'pushState' : 'replaceState'](null, '', toUrl(next));
    this.#showCriteria();
    if (isAsked || question(before) !== question(next)) return void this.#ask();
    if (before.hotel !== next.hotel) this.#showPanel(before.hotel);
    if (before.sort !== next.sort || before.most !== next.most || before.least !== next.least) this.#showChosen();
  }

  #choose(id: string): void {
    if (this.#criteria.hotel === id) return this.#showPanel(undefined);
    this.#change({ hotel: id }, this.#criteria.hotel === undefined ? 'push' : 'replace');
  }

  #close(): void {
    this.#change({ hotel: undefined }, 'push');
  }

  async #ask(): Promise<void> {
    const turn = this.#latest.begin();
    const fault = faultOf(this.#criteria.stay);
    this.#form.showFault(fault && { field: fault.field, text: faultText(this.#words, fault) });
    this.#answer = undefined;
    this.#state.hide();
    this.#notice.hide();
    this.#panel.hide();
    if (fault) return this.#showBadDates();
    this.#list.showLoading();
    this.#pane.showLoading();
    this.#say(this.#words.loading, '');
    // The list goes first, but a slow answer does not hold the map up.
    setTimeout(() => void this.#pane.load(this.#asked), MAP_AFTER);
    const answer = await askHotels(this.#criteria, turn.signal);
    if (!turn.isLast()) return;
    this.#answer = answer;
    this.#show(answer.outcome);
    this.#showMade();
    void this.#pane.load(this.#asked);
  }

  /** A search that was not made: nothing is shown that could be taken for its answer. */
  #showNothing(): void {
    this.#list.show({ ...this.#look(), hotels: [], badges: new Map() });
    this.#pane.show([], undefined, this.#criteria.place);
    this.#say(this.#words.title, '');
    this.#showMade();
    void this.#pane.load(this.#asked);
  }

  #showBadDates(): void {
    this.#showNothing();
    this.#state.showDates(this.#words);
  }

  #show(outcome: Outcome): void {
    if (outcome.kind === 'hotels') {
      this.#filters.show(this.#criteria, outcome.hotels, this.#words);
      this.#notice.show(outcome, this.#words);
      this.#showChosen();
      // Whoever is busy elsewhere, as with the choice of a language, stays there.
      if (this.#criteria.hotel !== undefined) this.#showPanel(undefined, document.activeElement === document.body);
      return;
    }
    this.#showNothing();
    if (outcome.kind === 'fault' && isField(outcome.field)) {
      this.#state.showDates(this.#words);
      return this.#form.showFault({ field: outcome.field, text: this.#words.faults.other });
    }
    this.#state.showFault(this.#words, outcome);
  }

  #found(): readonly Hotel[] {
    return this.#answer?.outcome.kind === 'hotels' ? this.#answer.outcome.hotels : [];
  }

  #showChosen(): void {
    const outcome = this.#answer?.outcome;
    if (outcome?.kind !== 'hotels') return;
    const { hotels } = outcome;
    const shown = chosen(hotels, this.#criteria);
    this.#list.show({ ...this.#look(), hotels: shown, badges: badges(shown) });
    this.#pane.show(shown.flatMap((hotel) => this.#pinOf(hotel) ?? []), this.#criteria.hotel, this.#criteria.place);
    this.#state.hide();
    const { found, foundOf, nights: nightsOf, inArea, full, empty, filtered } = this.#words;
    const some = shown.length === hotels.length ? found(shown.length) : foundOf(shown.length, hotels.length);
    const count = this.#criteria.place ? `${some} ${inArea}` : some;
    const stay = [days(this.#criteria.locale, this.#criteria.stay), nightsOf(nights(this.#criteria.stay)), outcome.isFull && full];
    this.#say(hotels.length === 0 ? empty.title : shown.length === 0 ? filtered.title : count, stay.filter(Boolean).join(' · '), count);
    if (hotels.length === 0) this.#state.showEmpty(this.#words, this.#criteria.place !== undefined);
    else if (shown.length === 0) this.#state.showFiltered(this.#words, hotels.length);
  }

  #showPanel(before: string | undefined, takesFocus = true): void {
    const { hotel: id, stay } = this.#criteria;
    const hotel = this.#found().find((one) => one.id === id);
    this.#list.select(hotel?.id);
    this.#pane.select(hotel?.id);
    if (hotel) return this.#panel.show(hotel, { ...this.#look(), nights: nights(stay) }, takesFocus);
    const wasOpen = this.#panel.isOpen;
    this.#panel.hide();
    if (wasOpen) this.#list.focus(before);
  }

  #showCriteria(): void {
    const { locale, stay } = this.#criteria;
    this.#words = wordsOf(locale);
    document.documentElement.lang = locale;
    byId<HTMLSelectElement>('locale').value = locale;
    showWords(this.#words, this.#isMapFull);
    this.#theme.showWords(this.#words);
    this.#pane.setWords(this.#words);
    this.#form.show(stay);
    this.#filters.show(this.#criteria, this.#found(), this.#words);
  }

  #showMade(): void {
    this.#made.show(this.#answer?.made, this.#words, this.#settings);
  }

  /** What the eye reads above the list, and once for the ear. */
  #say(summary: string, when: string, short = summary): void {
    byId('summary').textContent = short;
    byId('when').textContent = when;
    byId('live').textContent = [summary, when].filter(Boolean).join(', ');
  }

  #look(): { locale: Criteria['locale']; words: Words; isInArea: boolean } {
    return { locale: this.#criteria.locale, words: this.#words, isInArea: this.#criteria.place !== undefined };
  }

  #pinOf({ id, name, at, price, rating: stars }: Hotel): { id: string; at: [number, number]; label: string; name: string } | undefined {
    if (!at) return undefined;
    const { locale } = this.#criteria;
    const cost = price && money(locale, price.currency, price.nightly, true);
    const rated = stars === undefined ? undefined : rating(locale, stars);
    const said = [name, cost ? this.#words.aNight(cost) : this.#words.noPrice, rated && this.#words.rated(rated)];
    return { id, at, label: cost ?? (rated ? `★ ${rated}` : '–'), name: said.filter(Boolean).join(', ') };
  }

  #toggle(): void {
    this.#isMapFull = !this.#isMapFull && isNarrow();
    document.body.classList.toggle('map-full', this.#isMapFull);
    showWords(this.#words, this.#isMapFull);
    this.#pane.resize();
  }
}

/** What the answer depends on. */
const question = ({ stay, locale, place }: Criteria): string => JSON.stringify([stay, locale, place ?? null]);

function withPlace({ place: _, ...criteria }: Criteria, place: Place | undefined): Criteria {
  return place ? { ...criteria, place } : criteria;
}

const wider = (place: Place | undefined): Place | undefined => place && placeOf(place.lat, place.lon, place.radius * 3);

const later = ({ inDate, outDate }: Stay): Stay => ({ inDate: daysAfter(inDate, 1), outDate: daysAfter(outDate, 1) });
