import { byId, element } from '../dom.ts';
import { ThemeSwitch } from '../view/theme.ts';
import { changes } from './changes.ts';
import { Detail } from './detail.ts';
import { FaultPane } from './faultPane.ts';
import { Graph } from './graph.ts';
import { LoadPane } from './loadPane.ts';
import type { Picture } from './picture.ts';
import { type Standing, Stream } from './stream.ts';
import { Tables } from './tables.ts';
import { TracePane } from './tracePane.ts';

const STANDINGS: Record<Standing, string> = { live: 'Live', waiting: 'Waiting for the frontend…', hidden: 'Paused' };

class MeshPage {
  readonly #graph = new Graph(byId('graph'), (id) => this.#choose(id));
  readonly #tables = new Tables(byId('instances'), byId('calls'));
  readonly #detail = new Detail(byId('detail'), () => this.#close());
  readonly #faults = new FaultPane();
  readonly #flags = byId('flags');
  #picture: Picture | undefined;
  #chosen: string | undefined;
  #flagged = '';
  /** When the last picture came that is still shown as the one of now. */
  #at: Date | undefined;

  start(): void {
    new ThemeSwitch(() => undefined).showWords({ toDark: 'Switch to dark colours', toLight: 'Switch to light colours' });
    new LoadPane();
    new TracePane();
    new Stream((picture) => this.#show(picture), (standing) => this.#showStanding(standing));
  }

  #showStanding(standing: Standing): void {
    if (standing === 'hidden') this.#at = undefined;
    const text = standing === 'waiting' && this.#at ? `No answer since ${this.#at.toLocaleTimeString()}` : STANDINGS[standing];
    const shown = byId('standing');
    shown.dataset['standing'] = standing;
    if (shown.textContent !== text) shown.textContent = text;
  }

  #show(picture: Picture): void {
    this.#at = new Date();
    const told = changes(this.#picture, picture);
    if (told) byId('told').textContent = told;
    this.#picture = picture;
    this.#redraw(picture);
  }

  #redraw(picture: Picture): void {
    byId('first').hidden = true;
    this.#graph.show(picture, this.#chosen);
    this.#tables.show(picture);
    this.#faults.show(picture);
    const all = picture.services.flatMap(({ instances }) => instances);
    this.#detail.show(all.find(({ id }) => id === this.#chosen));
    this.#showFlags(picture);
  }

  #showFlags({ flags, registry }: Picture): void {
    const texts = flags.map(({ text }) => text);
    if (registry !== undefined) texts.unshift(`The registry does not answer: ${registry}`);
    const flagged = JSON.stringify(texts);
    if (flagged === this.#flagged) return;
    this.#flagged = flagged;
    this.#flags.hidden = texts.length === 0;
    this.#flags.replaceChildren(...texts.map((text) => element('li', {}, text)));
  }

  #choose(id: string): void {
    this.#chosen = this.#chosen === id ? undefined : id;
    if (this.#picture) this.#redraw(this.#picture);
    if (!this.#chosen) return;
    this.#faults.choose(this.#chosen);
    this.#detail.focus();
  }

  #close(): void {
    const node = [...document.querySelectorAll<HTMLElement>('.node')].find((one) => one.dataset['instance'] === this.#chosen);
    this.#chosen = undefined;
    if (this.#picture) this.#redraw(this.#picture);
    node?.focus();
  }
}

new MeshPage().start();
