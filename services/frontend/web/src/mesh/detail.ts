// All that is known of one instance.

import { button, element } from '../dom.ts';
import { inForce } from './faults.ts';
import type { Instance } from './picture.ts';
import { millisText, NOTHING, percentText, rateText, STATE_WORDS } from './words.ts';

/** How old a view may be and count as of now, in milliseconds. */
const FRESH = 2000;

/** Where what an instance says of itself comes from. */
export function ownView({ seenMs, unseen }: Instance): string {
  if (seenMs === undefined) return unseen === undefined ? 'not asked yet' : `not seen from here: ${unseen}`;
  if (seenMs <= FRESH) return 'of now';
  return `${Math.round(seenMs / 1000)} s old${unseen === undefined ? '' : `: ${unseen}`}`;
}

export function rows(instance: Instance): [string, string][] {
  const { why, faults } = instance;
  return [
    ['State', STATE_WORDS[instance.state] + (why === undefined ? '' : ` (${why})`)],
    ['Registry', instance.registry ?? 'not listed'],
    ['Own view', ownView(instance)],
    ['Address', instance.address ?? NOTHING],
    ['Version', instance.version ?? NOTHING],
    ['Zone', instance.zone ?? NOTHING],
    ['Requests', rateText(instance.rate)],
    ['Failed', percentText(instance.errors)],
    ['Half are faster than', millisText(instance.p50)],
    ['99 of 100 are faster than', millisText(instance.p99)],
    ['Share of turns', percentText(instance.share)],
    ...(faults ? [['Faults asked for', inForce(faults) || 'none'] satisfies [string, string]] : []),
  ];
}

export class Detail {
  readonly #title = element('h2', { id: 'detailTitle', tabindex: '-1' });
  readonly #list = element('dl');
  #shown = '';

  constructor(
    private readonly root: HTMLElement,
    onClose: () => void,
  ) {
    root.append(element('div', { class: 'head' }, this.#title, button('secondary', onClose, 'Close')), this.#list);
  }

  show(instance: Instance | undefined): void {
    this.root.hidden = instance === undefined;
    if (!instance) return;
    const said = rows(instance);
    const shown = JSON.stringify([instance.id, said]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#title.textContent = instance.id;
    this.#list.replaceChildren(...said.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
  }

  focus(): void {
    this.#title.focus();
  }
}
