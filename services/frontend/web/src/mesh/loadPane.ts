// The button that puts a load on the frontend, and the histogram of its answers.

import { byId, element } from '../dom.ts';
import { bounded, bucketText, Load } from './load.ts';
import { millisText } from './words.ts';

/** How often requests are sent that have come due, and how often the picture is drawn, in milliseconds. */
const EVERY = 20;
const DRAWN_EVERY = 250;
/** For one answer. */
const PATIENCE = 10_000;
const ASKED = '/hotels?inDate=2015-04-09&outDate=2015-04-10';

export class LoadPane {
  readonly #button = byId('loadStart');
  readonly #said = byId('loadSaid');
  readonly #bars = byId('loadBars');
  #load: Load | undefined;
  #leave = new AbortController();
  #ticks: ReturnType<typeof setInterval> | undefined;
  #drawn = 0;

  constructor() {
    byId('loadForm').addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#ticks === undefined) this.#start();
      else this.#stop();
    });
    // The clock of a page that nobody sees goes slowly.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible' && this.#ticks !== undefined) this.#stop();
    });
  }

  #start(): void {
    const field = (id: string): number => byId<HTMLInputElement>(id).valueAsNumber;
    const plan = bounded(field('loadRate'), field('loadSeconds'));
    byId<HTMLInputElement>('loadRate').valueAsNumber = plan.rate;
    byId<HTMLInputElement>('loadSeconds').valueAsNumber = plan.seconds;
    this.#leave = new AbortController();
    this.#load = new Load(plan, performance.now());
    this.#button.textContent = 'Stop';
    byId('loadTold').textContent = 'The load runs.';
    this.#ticks = setInterval(() => this.#tick(), EVERY);
  }

  #tick(): void {
    const load = this.#load;
    if (!load) return;
    const now = performance.now();
    for (const at of load.due(now)) void this.#ask(load, at);
    if (now - this.#drawn >= DRAWN_EVERY) this.#draw(load, now);
    if (load.isOver()) this.#stop();
  }

  async #ask(load: Load, at: number): Promise<void> {
    let isGood = false;
    try {
      const signal = AbortSignal.any([this.#leave.signal, AbortSignal.timeout(PATIENCE)]);
      const response = await fetch(ASKED, { signal, cache: 'no-store' });
      await response.arrayBuffer();
      isGood = response.ok;
    } catch {
      // Nobody answered, or it was stopped: that is no good answer.
    }
    load.ended(at, performance.now(), isGood);
  }

  #stop(): void {
    clearInterval(this.#ticks);
    this.#ticks = undefined;
    this.#leave.abort();
    this.#button.textContent = 'Run';
    if (!this.#load) return;
    this.#draw(this.#load, performance.now());
    // While it runs, that would be read out four times a second.
    byId('loadTold').textContent = `The load is over: ${this.#said.textContent}`;
  }

  #draw(load: Load, now: number): void {
    this.#drawn = now;
    const counted = [`${load.sent} sent`, `${load.succeeded} answered`];
    if (load.failed > 0) counted.push(`${load.failed} failed`);
    if (load.notSent > 0) counted.push(`${load.notSent} more than the browser could send`);
    this.#said.textContent = `${counted.join(', ')}; half within ${millisText(load.quantile(0.5))}, 99 of 100 within ${millisText(load.quantile(0.99))}`;
    const most = Math.max(1, ...load.counts);
    this.#bars.hidden = false;
    this.#bars.replaceChildren(...load.counts.map((count, bucket) => row(bucketText(bucket), count, most)));
  }
}

function row(name: string, count: number, most: number): HTMLElement {
  const bar = element('meter', { min: '0', max: String(most), value: String(count), 'aria-hidden': 'true' });
  return element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, String(count)), element('td', { class: 'bar' }, bar));
}
