// The services as a graph: boxes of the page in columns, edges in an SVG beneath them.

import { element } from '../dom.ts';
import { effects } from './faults.ts';
import { columns, type Way, way } from './layout.ts';
import type { Edge, Instance, Picture, Service } from './picture.ts';
import { millisText, percentText, rateText, STATE_WORDS } from './words.ts';

const SVG = 'http://www.w3.org/2000/svg';

export class Graph {
  readonly #columns = element('div', { class: 'columns' });
  readonly #edges = document.createElementNS(SVG, 'svg');
  readonly #services = new Map<string, ServiceBox>();
  #shape = '';
  #arranged: string[][] = [];
  #drawn: Edge[] = [];

  constructor(
    root: HTMLElement,
    private readonly onChoice: (id: string) => void,
  ) {
    this.#edges.setAttribute('class', 'edges');
    // The table of calls says the same.
    this.#edges.setAttribute('aria-hidden', 'true');
    root.append(this.#edges, this.#columns);
    new ResizeObserver(() => this.#draw()).observe(this.#columns);
  }

  show(picture: Picture, chosen: string | undefined): void {
    const services = new Map(picture.services.map((service) => [service.name, service]));
    this.#arrange(columns([...services.keys()], picture.edges));
    for (const [name, box] of this.#services) box.show(services.get(name), picture.edges, chosen);
    this.#drawn = picture.edges;
    this.#draw();
  }

  #arrange(wanted: string[][]): void {
    const shape = JSON.stringify(wanted);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#arranged = wanted;
    this.#services.clear();
    const made = wanted.map((names) => {
      const boxes = names.map((name) => {
        const box = new ServiceBox(name, this.onChoice);
        this.#services.set(name, box);
        return box.root;
      });
      return element('div', { class: 'column' }, ...boxes);
    });
    this.#columns.replaceChildren(...made);
  }

  /** Where nothing is called, a way across a whole column would only be in the way. */
  #isShown({ from, to, rate }: Edge): boolean {
    const column = (service: string): number => this.#arranged.findIndex((names) => names.includes(service));
    return Boolean(rate) || column(to) - column(from) === 1;
  }

  #draw(): void {
    const origin = this.#columns.getBoundingClientRect();
    const box = (service: string): DOMRect | undefined => this.#services.get(service)?.root.getBoundingClientRect();
    this.#edges.setAttribute('viewBox', `0 0 ${origin.width} ${origin.height}`);
    const callers = [...new Set(this.#arranged.flat())];
    const made = this.#drawn.filter((edge) => this.#isShown(edge)).flatMap((edge) => {
      const [from, to] = [box(edge.from), box(edge.to)];
      if (!from || !to) return [];
      return [{ edge, at: way(shifted(from, origin), shifted(to, origin), callers.indexOf(edge.from)) }];
    });
    // Figures above all lines.
    this.#edges.replaceChildren(...made.map(({ edge, at }) => line(edge, at)), ...made.filter(({ edge }) => edge.rate).map(({ edge, at }) => figure(edge, at)));
  }
}

/** How far its tip reaches back, and to each side. */
const TIP = [8, 4] as const;

function line(edge: Edge, { path, tip: [x, y] }: Way): SVGElement {
  const way = svg('path', { d: path, class: 'way' });
  // Ten times the calls, a line that is one wider.
  way.setAttribute('stroke-width', String(1.5 + Math.log10(1 + (edge.rate ?? 0))));
  const tip = svg('path', { d: `M${x - TIP[0]} ${y - TIP[1]}L${x} ${y}L${x - TIP[0]} ${y + TIP[1]}Z`, class: 'tip' });
  return svg('g', { class: `edge ${kind(edge)}` }, way, tip);
}

/** What goes there; below it, what fails of that. */
function figure(edge: Edge, { x, y }: Way): SVGElement {
  const rate = svg('tspan', { x: String(x) });
  rate.textContent = rateText(edge.rate);
  const text = svg('text', { x: String(x), y: String(y) }, rate);
  if (edge.errors) {
    const errors = svg('tspan', { x: String(x), dy: '16', class: 'errors' });
    errors.textContent = `${percentText(edge.errors)} failed`;
    text.append(errors);
  }
  return svg('g', { class: `edge ${kind(edge)}` }, text);
}

function kind({ rate, errors }: Edge): string {
  if (!rate) return 'quiet';
  return (errors ?? 0) > 0.01 ? 'failing' : 'busy';
}

function svg(name: string, attributes: Record<string, string>, ...children: SVGElement[]): SVGElement {
  const made = document.createElementNS(SVG, name) as SVGElement;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

const shifted = (box: DOMRect, origin: DOMRect): DOMRect => new DOMRect(box.x - origin.x, box.y - origin.y, box.width, box.height);

/** A service with its instances. */
class ServiceBox {
  readonly #list = element('ul');
  readonly #count = element('span', { class: 'soft' });
  /** On a phone, where no figure has room beside its line. */
  readonly #callers = element('p', { class: 'callers' });
  readonly #nodes = new Map<string, Node>();
  readonly root: HTMLElement;

  constructor(
    private readonly name: string,
    private readonly onChoice: (id: string) => void,
  ) {
    this.root = element('section', { class: 'service', 'data-service': name, 'aria-label': name });
    this.root.append(element('h3', {}, name, ' ', this.#count), this.#callers, this.#list);
  }

  show(service: Service | undefined, edges: Edge[], chosen: string | undefined): void {
    const callers = callersText(this.name, edges);
    this.#callers.hidden = callers === '';
    setText(this.#callers, callers);
    const instances = service?.instances ?? [];
    const passing = instances.filter(({ state }) => state === 'passing').length;
    setText(this.#count, instances.length === 0 ? 'nobody' : `${passing} of ${instances.length} passing`);
    const ids = new Set(instances.map(({ id }) => id));
    for (const [id, node] of this.#nodes) {
      if (ids.has(id)) continue;
      node.root.remove();
      this.#nodes.delete(id);
    }
    instances.forEach((instance, at) => {
      const node = this.#nodes.get(instance.id) ?? new Node(instance.id, this.onChoice);
      this.#nodes.set(instance.id, node);
      // Where it stands already it stays, and keeps the focus.
      const there = this.#list.children[at];
      if (there !== node.root) this.#list.insertBefore(node.root, there ?? null);
      node.show(instance, instance.id === chosen);
    });
  }
}

/** Who calls it how often, in words. */
function callersText(service: string, edges: Edge[]): string {
  const calling = edges.filter(({ to, rate }) => to === service && rate);
  const said = calling.map(({ from, rate, errors }) => `${from} ${rateText(rate)}${errors ? ` (${percentText(errors)} failed)` : ''}`);
  return said.length === 0 ? '' : `called by ${said.join(', ')}`;
}

/** An instance. */
class Node {
  readonly #state = element('span', { class: 'state' });
  readonly #figures = element('span', { class: 'figures' });
  readonly #about = element('span', { class: 'figures' });
  readonly #faults = element('span', { class: 'faulty', hidden: true });
  readonly #button = element('button', { type: 'button', class: 'node' });
  readonly root: HTMLElement;

  constructor(id: string, onChoice: (id: string) => void) {
    this.#button.append(element('span', { class: 'id' }, id), this.#state, this.#figures, this.#about, this.#faults);
    this.#button.dataset['instance'] = id;
    this.#button.addEventListener('click', () => onChoice(id));
    this.root = element('li', {}, this.#button);
  }

  show(instance: Instance, isChosen: boolean): void {
    this.#button.dataset['state'] = instance.state;
    this.#button.setAttribute('aria-pressed', String(isChosen));
    setText(this.#state, STATE_WORDS[instance.state]);
    setText(this.#figures, figures(instance));
    setText(this.#about, about(instance));
    const faults = instance.faults ? effects(instance.faults) : '';
    this.#faults.hidden = faults === '';
    setText(this.#faults, faults && `fault: ${faults}`);
  }
}

/** What is known of how it is called. */
function figures({ rate, errors, share }: Instance): string {
  const known = [rateText(rate)];
  if (errors !== undefined) known.push(`${percentText(errors)} failed`);
  if (share !== undefined) known.push(`${percentText(share)} of turns`);
  return known.join(' · ');
}

/** What is known of how fast it is, and of what it says of itself. */
function about({ p50, p99, version, zone }: Instance): string {
  return [p50 !== undefined && `p50 ${millisText(p50)}`, p99 !== undefined && `p99 ${millisText(p99)}`, version, zone].filter(Boolean).join(' · ');
}

/** A text that stays as it is draws nothing anew. */
function setText(where: HTMLElement, text: string): void {
  if (where.textContent !== text) where.textContent = text;
}
