// The same as the graph, as tables.

import { element } from '../dom.ts';
import type { Instance, Picture } from './picture.ts';
import { millisText, NOTHING, percentText, rateText, STATE_WORDS } from './words.ts';

type Column<T> = [name: string, say: (row: T) => string];

const INSTANCES: Column<Instance>[] = [
  ['Instance', ({ id }) => id],
  ['Service', ({ service }) => service],
  ['State', ({ state }) => STATE_WORDS[state]],
  ['Registry', ({ registry }) => registry ?? 'not listed'],
  ['Version', ({ version }) => version ?? NOTHING],
  ['Zone', ({ zone }) => zone ?? NOTHING],
  ['Requests', ({ rate }) => rateText(rate)],
  ['Failed', ({ errors }) => percentText(errors)],
  ['p50', ({ p50 }) => millisText(p50)],
  ['p99', ({ p99 }) => millisText(p99)],
  ['Turns', ({ share }) => percentText(share)],
];

const CALLS: Column<Picture['edges'][number]>[] = [
  ['From', ({ from }) => from],
  ['To', ({ to }) => to],
  ['Calls', ({ rate }) => rateText(rate)],
  ['Failed', ({ errors }) => percentText(errors)],
];

/** A table whose cells change where they are. */
class Table<T> {
  readonly #body = element('tbody');

  constructor(
    root: HTMLElement,
    caption: string,
    private readonly columns: Column<T>[],
  ) {
    const names = columns.map(([name]) => element('th', { scope: 'col' }, name));
    root.append(element('table', {}, element('caption', { class: 'unseen' }, caption), element('thead', {}, element('tr', {}, ...names)), this.#body));
  }

  show(rows: T[]): void {
    while (this.#body.rows.length > rows.length) this.#body.lastElementChild?.remove();
    while (this.#body.rows.length < rows.length) this.#body.append(this.#row());
    rows.forEach((row, at) => {
      const cells = this.#body.rows[at]?.cells;
      this.columns.forEach(([, say], column) => {
        const cell = cells?.[column];
        const text = say(row);
        if (cell && cell.textContent !== text) cell.textContent = text;
      });
    });
  }

  #row(): HTMLTableRowElement {
    const cells = this.columns.map((_, at) => (at === 0 ? element('th', { scope: 'row' }) : element('td')));
    return element('tr', {}, ...cells);
  }
}

export class Tables {
  readonly #instances: Table<Instance>;
  readonly #calls: Table<Picture['edges'][number]>;

  constructor(instances: HTMLElement, calls: HTMLElement) {
    this.#instances = new Table(instances, 'Instances', INSTANCES);
    this.#calls = new Table(calls, 'Calls between services', CALLS);
  }

  show(picture: Picture): void {
    this.#instances.show(picture.services.flatMap(({ instances }) => instances));
    this.#calls.show(picture.edges);
  }
}
