// How the answer was made: its time, its trace, and who served each hop.

import type { Made } from '../api.ts';
import { byId, element } from '../dom.ts';
import type { Hop } from '../pure/explain.ts';
import type { Settings } from '../settings.ts';
import type { Words } from '../words/index.ts';

export class MadeLine {
  readonly #made = byId('made');

  show(made: Made | undefined, words: Words, { jaeger, mesh }: Settings): void {
    this.#made.setAttribute('aria-label', words.made.label);
    if (!made) return this.#made.replaceChildren();
    const took = element('b', {}, words.made.took(milliseconds(made.ms)));
    const trace = made.trace === undefined ? undefined : traceOf(made.trace, words, jaeger, mesh);
    const whole = mesh ? element('a', { href: '/mesh', class: 'mesh' }, words.made.mesh) : undefined;
    if (made.hops.length === 0) return this.#made.replaceChildren(element('p', {}, took, trace, whole));
    const label = element('span', { class: 'unseen' }, words.made.label);
    const summary = element('summary', {}, label, took, chain(made.hops));
    const isOpen = this.#made.querySelector('details')?.open ?? false;
    const details = element('details', { open: isOpen }, summary, table(made.hops, words));
    this.#made.replaceChildren(...[details, trace, whole].filter((part) => part !== undefined));
  }
}

function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}

function traceOf(id: string, words: Words, jaeger: string | undefined, mesh = false): HTMLElement {
  const short = id.slice(0, 8);
  // Where nobody else has it the mesh may: it keeps the last ones.
  if (jaeger === undefined && mesh) return element('a', { href: `/mesh#trace=${id}`, title: words.made.trace(id), 'data-trace': id }, short);
  if (jaeger === undefined) return element('code', { title: words.made.trace(id), 'data-trace': id }, short);
  const link = { href: `${jaeger}/trace/${id}`, target: '_blank', rel: 'noreferrer', 'aria-label': words.made.open(short) };
  return element('a', { ...link, 'data-trace': id }, short, element('span', { 'aria-hidden': 'true' }, ' ↗'));
}

/** The services in the order in which they took part, each once. */
function chain(hops: readonly Hop[]): HTMLElement {
  const services = [...new Set(hops.map((hop) => hop.service))];
  return element('span', { class: 'chain' }, ...services.map((service) => element('span', {}, service)));
}

function table(hops: readonly Hop[], words: Words): HTMLElement {
  const rows = hops.map((hop) =>
    element(
      'li',
      { class: `depth-${Math.min(hop.depth, 3)}` },
      element('b', {}, hop.service),
      element('code', {}, hop.instance),
      hop.attempts !== undefined && element('em', {}, words.made.attempts(hop.attempts)),
      element('span', {}, hop.ms === undefined ? '' : words.made.took(milliseconds(hop.ms))),
    ),
  );
  return element('ol', { 'aria-label': words.made.hops }, ...rows);
}
