// The last requests, and the waterfall of the chosen one.

import { button, byId, type Child, element } from '../dom.ts';
import { loadSettings } from '../settings.ts';
import { type Joined, microsText, notes, readTrace, readTraces, type Row, type Trace, type Traces, waterfall } from './traces.ts';

/** How often the list is asked for while it can be seen, and how long an answer may take, in milliseconds. */
const EVERY = 2000;
const PATIENCE = 5000;
/** How a trace is named in the address of the page. */
const NAMED = /^#trace=([0-9a-f]{32})$/;

export class TracePane {
  readonly #list = byId('traces');
  readonly #said = byId('tracesSaid');
  readonly #trace = byId('trace');
  readonly #title = element('h3', { tabindex: '-1' });
  readonly #body = element('div');
  readonly #items = new Map<string, HTMLLIElement>();
  #jaeger: string | undefined;
  #chosen: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A row that somebody points at stays where it is. */
  #isPointedAt = false;

  constructor() {
    this.#list.addEventListener('pointermove', ({ pointerType }) => (this.#isPointedAt = pointerType === 'mouse'));
    this.#list.addEventListener('pointerleave', () => {
      this.#isPointedAt = false;
      void this.#look();
    });
    this.#trace.append(element('div', { class: 'head' }, this.#title, button('secondary', () => this.#close(), 'Close')), this.#body);
    document.addEventListener('visibilitychange', () => void this.#look());
    addEventListener('hashchange', () => this.#chooseNamed());
    void loadSettings().then(({ jaeger }) => {
      this.#jaeger = jaeger;
      this.#chooseNamed();
      return this.#look();
    });
  }

  #chooseNamed(): void {
    const id = NAMED.exec(location.hash)?.[1];
    if (id !== undefined && id !== this.#chosen) void this.#choose(id);
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.visibilityState !== 'visible') return;
    const body = await ask('/mesh/traces').catch(() => undefined);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), EVERY);
    if (body !== undefined && !this.#isPointedAt) this.#show(readTraces(body));
  }

  #show({ isKept, traces }: Traces): void {
    const ids = new Set(traces.map(({ trace }) => trace));
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    traces.forEach((trace, at) => {
      const item = this.#items.get(trace.trace) ?? this.#item(trace);
      this.#items.set(trace.trace, item);
      // What stands in its place already stays, and keeps the focus.
      const there = this.#list.children[at];
      if (there !== item) this.#list.insertBefore(item, there ?? null);
    });
    this.#list.hidden = traces.length === 0;
    const link = this.#jaeger === undefined ? undefined : element('a', { href: this.#jaeger, target: '_blank', rel: 'noreferrer' }, 'Jaeger');
    const said = !isKept ? 'Spans go to a collector, and are not kept here.' : traces.length === 0 ? 'No request was traced so far.' : `The last ${traces.length} requests that were traced, latest first.`;
    if (this.#said.dataset['said'] === said) return;
    this.#said.dataset['said'] = said;
    this.#said.replaceChildren(said, ...(link ? [' All are in ', link, '.'] : []));
  }

  #item(trace: Trace): HTMLLIElement {
    const at = new Date(trace.startUs / 1000);
    const chosen = button(
      'request',
      () => void this.#choose(trace.trace),
      element('span', { class: 'soft' }, at.toLocaleTimeString()),
      element('span', { class: 'what' }, trace.name),
      element('span', { class: trace.hasFailed ? 'failed' : 'fine' }, trace.status),
      element('span', { class: 'took' }, microsText(trace.tookUs)),
    );
    chosen.dataset['trace'] = trace.trace;
    chosen.setAttribute('aria-pressed', String(trace.trace === this.#chosen));
    return element('li', {}, chosen);
  }

  async #choose(id: string): Promise<void> {
    if (id === this.#chosen) return this.#close();
    this.#mark(id);
    history.replaceState(null, '', `#trace=${id}`);
    await this.#fetch(id);
  }

  async #fetch(id: string): Promise<void> {
    let shown: HTMLElement[];
    try {
      shown = this.#drawn(readTrace(await ask(`/mesh/traces/${id}`)));
    } catch (error) {
      shown = error instanceof Gone ? [element('p', {}, 'No member keeps this trace.')] : [element('p', {}, 'The trace cannot be had now.'), this.#again(id)];
    }
    // Another one was chosen meanwhile.
    if (this.#chosen !== id) return;
    this.#title.textContent = `Trace ${id.slice(0, 8)}`;
    this.#body.replaceChildren(...shown);
    this.#trace.hidden = false;
    this.#title.focus();
  }

  #mark(id: string | undefined): void {
    this.#chosen = id;
    for (const [trace, item] of this.#items) item.firstElementChild?.setAttribute('aria-pressed', String(trace === id));
  }

  #close(): void {
    const item = this.#chosen === undefined ? undefined : this.#items.get(this.#chosen);
    this.#mark(undefined);
    history.replaceState(null, '', location.pathname);
    this.#trace.hidden = true;
    (item?.firstElementChild as HTMLElement | undefined)?.focus();
  }

  #drawn({ trace, spans, unseen }: Joined): HTMLElement[] {
    const rows = waterfall(spans).map(drawnRow);
    // On a phone it is laid out otherwise, and stays a table to those who hear it by what is said here.
    const columns = ['Call', 'Instance', 'Took', 'Status', 'When'].map((name) => element('th', { scope: 'col', role: 'columnheader' }, name));
    const caption = element('caption', { class: 'unseen' }, 'Spans of the trace');
    const head = element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...columns));
    const table = element('table', { role: 'table' }, caption, head, element('tbody', { role: 'rowgroup' }, ...rows));
    const region = element('div', { class: 'wide', role: 'region', 'aria-label': 'Waterfall', tabindex: '0' }, table);
    const missing = unseen.map(([instance, why]) => element('p', { class: 'soft' }, `Spans of ${instance} are not seen: ${why}`));
    const jaeger = this.#jaeger && element('p', {}, element('a', { href: `${this.#jaeger}/trace/${trace}`, target: '_blank', rel: 'noreferrer' }, 'The same in Jaeger ↗'));
    return [region, ...missing, ...(missing.length > 0 ? [this.#again(trace)] : []), ...(jaeger ? [jaeger] : [])];
  }

  /** Who was late may have time now. */
  #again(id: string): HTMLElement {
    return element('p', {}, button('secondary', () => void this.#fetch(id), 'Ask again'));
  }
}

function drawnRow({ span, depth, from, part }: Row): HTMLElement {
  const bar = element('span', { class: `bar ${span.kind}${span.hasFailed ? ' failed' : ''}`, 'aria-hidden': 'true' });
  bar.style.setProperty('--from', String(from));
  bar.style.setProperty('--part', String(part));
  const said = notes(span).map((note) => element('li', {}, note));
  const call = element('th', { scope: 'row', role: 'rowheader' }, element('b', {}, span.service), ` ${span.name}`, said.length > 0 && element('ul', { class: 'notes' }, ...said));
  call.style.setProperty('--depth', String(Math.min(depth, 8)));
  const cell = (className: string, child: Child): HTMLElement => element('td', { role: 'cell', ...(className && { class: className }) }, child);
  const [took, status] = [cell('', microsText(span.tookUs)), cell(span.hasFailed ? 'failed' : '', span.status)];
  return element('tr', { role: 'row' }, call, cell('', span.instance), took, status, cell('when', bar));
}

/** What was asked for is not there any more. */
class Gone extends Error {}

async function ask(path: string): Promise<unknown> {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' });
  if (response.status === 404) throw new Gone();
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}
