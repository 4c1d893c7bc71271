// Says above the list what is missing from a degraded answer.

import type { Outcome } from '../api.ts';
import { byId, button, element } from '../dom.ts';
import type { Words } from '../words/index.ts';

export class Notice {
  readonly #notice = byId('notice');

  constructor(private readonly onRetry: () => void) {}

  hide(): void {
    this.#notice.hidden = true;
    this.#notice.replaceChildren();
  }

  show({ degraded }: Extract<Outcome, { kind: 'hotels' }>, words: Words): void {
    if (degraded.length === 0) return this.hide();
    const { prices, other } = words.degraded;
    const text = degraded.includes('rate') ? prices : other(degraded.join(', '));
    this.#notice.replaceChildren(element('p', {}, text), button('secondary', this.onRetry, words.down.retry));
    this.#notice.hidden = false;
  }
}
