// The services as a graph: boxes of the page in columns, edges in an SVG beneath them.

import { element } from '../dom.ts';
import { effects } from './faults.ts';
import { columns, way } from './layout.ts';
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
    for (const [name, box] of this.#services) box.show(services.get(name), chosen);
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
    const made = this.#drawn.filter((edge) => this.#isShown(edge)).flatMap((edge) => {
      const [from, to] = [box(edge.from), box(edge.to)];
      if (!from || !to) return [];
      return [drawn(edge, shifted(from, origin), shifted(to, origin))];
    });
    this.#edges.replaceChildren(...made);
  }
}

function drawn(edge: Edge, from: DOMRect, to: DOMRect): SVGElement {
  const { path, x, y } = way(from, to);
  const group = document.createElementNS(SVG, 'g');
  const kind = !edge.rate ? 'quiet' : (edge.errors ?? 0) > 0.01 ? 'failing' : 'busy';
  group.setAttribute('class', `edge ${kind}`);
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  // Ten times the calls, a line that is one wider.
  line.setAttribute('stroke-width', String(1.5 + Math.log10(1 + (edge.rate ?? 0))));
  group.append(line);
  if (edge.rate) {
    const label = document.createElementNS(SVG, 'text');
    label.setAttribute('x', String(x));
    label.setAttribute('y', String(y));
    label.textContent = rateText(edge.rate) + (edge.errors ? ` · ${percentText(edge.errors)}` : '');
    group.append(label);
  }
  return group;
}

const shifted = (box: DOMRect, origin: DOMRect): DOMRect => new DOMRect(box.x - origin.x, box.y - origin.y, box.width, box.height);

/** A service with its instances. */
class ServiceBox {
  readonly #list = element('ul');
  readonly #count = element('span', { class: 'soft' });
  readonly #nodes = new Map<string, Node>();
  readonly root: HTMLElement;

  constructor(
    name: string,
    private readonly onChoice: (id: string) => void,
  ) {
    this.root = element('section', { class: 'service', 'data-service': name, 'aria-label': name });
    this.root.append(element('h3', {}, name, ' ', this.#count), this.#list);
  }

  show(service: Service | undefined, chosen: string | undefined): void {
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

/** An instance. */
class Node {
  readonly #state = element('span', { class: 'state' });
  readonly #figures = element('span', { class: 'figures' });
  readonly #faults = element('span', { class: 'faulty', hidden: true });
  readonly #button = element('button', { type: 'button', class: 'node' });
  readonly root: HTMLElement;

  constructor(id: string, onChoice: (id: string) => void) {
    this.#button.append(element('span', { class: 'id' }, id), this.#state, this.#figures, this.#faults);
    this.#button.dataset['instance'] = id;
    this.#button.addEventListener('click', () => onChoice(id));
    this.root = element('li', {}, this.#button);
  }

  show(instance: Instance, isChosen: boolean): void {
    this.#button.dataset['state'] = instance.state;
    this.#button.setAttribute('aria-pressed', String(isChosen));
    setText(this.#state, STATE_WORDS[instance.state]);
    setText(this.#figures, figures(instance));
    const faults = instance.faults ? effects(instance.faults) : '';
    this.#faults.hidden = faults === '';
    setText(this.#faults, faults && `fault: ${faults}`);
  }
}

/** What is known of how it is called. */
function figures({ rate, errors, p99 }: Instance): string {
  const known = [rateText(rate)];
  if (errors !== undefined) known.push(`${percentText(errors)} failed`);
  if (p99 !== undefined) known.push(`p99 ${millisText(p99)}`);
  return known.join(' · ');
}

/** A text that stays as it is draws nothing anew. */
function setText(where: HTMLElement, text: string): void {
  if (where.textContent !== text) where.textContent = text;
}
