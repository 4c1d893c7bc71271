// The panel that asks for faults of an instance, and ends them. Only where the frontend allows it; what is in force is shown anyway.

import { button, byId, element } from '../dom.ts';
import { loadSettings } from '../settings.ts';
import { type Faults, inForce, isOne, wish } from './faults.ts';
import type { Instance, Picture } from './picture.ts';

const PATIENCE = 6000;
const ABOUT = 'What is asked for here happens to real answers, and ends by itself.';
const WHAT = 'Say what it is to do: be late, fail, or hold its answers.';
const NOBODY = 'No instance that is seen from here allows faults: each is to be started with --allow-chaos.';

type Able = Instance & { faults: Faults };

/** Something that is in force. */
interface Standing {
  item: HTMLLIElement;
  text: HTMLElement;
}

export class FaultPane {
  readonly #section = byId('faults');
  readonly #form = byId<HTMLFormElement>('faultForm');
  readonly #instances = byId<HTMLSelectElement>('faultInstance');
  readonly #said = byId('faultSaid');
  readonly #list = byId('faultList');
  readonly #standing = new Map<string, Standing>();
  #isAllowed = false;
  #offered = '';
  /** Who is looked at; offered as soon as it is known to allow faults, unless somebody chooses here. */
  #wanted: string | undefined;
  /** What was answered last stands until something else is asked for. */
  #isAnswered = false;
  /** Whose faults were begun last; that stands there no longer than it is true. */
  #begun: string | undefined;

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#begin();
    });
    this.#instances.addEventListener('change', () => (this.#wanted = undefined));
    byId('faultStop').addEventListener('click', () => void this.#stop());
    void loadSettings().then(({ chaos }) => (this.#isAllowed = chaos === true));
  }

  show(picture: Picture): void {
    const all = picture.services.flatMap(({ instances }) => instances);
    const able = all.filter((instance): instance is Able => instance.faults !== undefined);
    const faulty = able.filter(({ faults }) => faults.seconds > 0);
    this.#section.hidden = !this.#isAllowed && faulty.length === 0;
    this.#form.hidden = !this.#isAllowed || able.length === 0;
    if (!this.#isAnswered) this.#say(able.length === 0 ? NOBODY : ABOUT);
    this.#offer(able.map(({ id }) => id));
    this.#list.hidden = faulty.length === 0;
    this.#showStanding(faulty);
  }

  /** Offers what somebody looks at, where it allows faults. */
  choose(id: string): void {
    this.#wanted = id;
    this.#select(id);
  }

  #select(id: string): void {
    if ([...this.#instances.options].some(({ value }) => value === id)) this.#instances.value = id;
  }

  /** The choice stays while the list is the same. */
  #offer(ids: string[]): void {
    const offered = JSON.stringify(ids);
    if (offered === this.#offered) return;
    this.#offered = offered;
    const chosen = this.#instances.value;
    this.#instances.replaceChildren(...ids.map((id) => element('option', { value: id }, id)));
    this.#select(this.#wanted ?? chosen);
  }

  #showStanding(faulty: Able[]): void {
    const ids = new Set(faulty.map(({ id }) => id));
    for (const [id, { item }] of this.#standing) {
      if (ids.has(id)) continue;
      item.remove();
      this.#standing.delete(id);
      if (this.#begun === id) this.#answer(`${id}: that is over.`);
    }
    for (const { id, faults } of faulty) {
      const standing = this.#standing.get(id) ?? this.#item(id);
      this.#standing.set(id, standing);
      setText(standing.text, `${id}: ${inForce(faults)}`);
    }
  }

  #item(id: string): Standing {
    const text = element('span');
    const end = button('secondary', () => void this.#order(id, 'DELETE', '', `The faults of ${id} are ended.`), 'End', element('span', { class: 'unseen' }, ` faults of ${id}`));
    const item = element('li', {}, text, this.#isAllowed && end);
    this.#list.append(item);
    return { item, text };
  }

  async #begin(): Promise<void> {
    const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);
    const number = (id: string): number => field(id).valueAsNumber;
    const asked = wish(number('faultLatency'), number('faultErrors'), field('faultPaused').checked, number('faultSeconds'));
    if (!isOne(asked)) return this.#answer(WHAT);
    const id = this.#instances.value;
    if (await this.#order(id, 'POST', '', `${id} does so from now on.`, asked)) this.#begun = id;
  }

  async #stop(): Promise<void> {
    const id = this.#instances.value;
    if (confirm(`Stop ${id}? It is not started again from here.`)) await this.#order(id, 'POST', '/stop', `${id} leaves.`);
  }

  async #order(id: string, method: string, what: string, done: string, body?: unknown): Promise<boolean> {
    try {
      const response = await fetch(`/mesh/faults/${encodeURIComponent(id)}${what}`, {
        method,
        headers: { 'x-hotels-chaos': '1', 'content-type': 'application/json' },
        signal: AbortSignal.timeout(PATIENCE),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      this.#answer(response.ok ? done : `It is not done: ${await reason(response)}`);
      return response.ok;
    } catch {
      this.#answer('It is not done: the frontend does not answer');
      return false;
    }
  }

  #answer(text: string): void {
    this.#begun = undefined;
    this.#isAnswered = true;
    this.#say(text);
  }

  #say(text: string): void {
    setText(this.#said, text);
  }
}

/** A text that stays as it is, is not read out again. */
function setText(where: HTMLElement, text: string): void {
  if (where.textContent !== text) where.textContent = text;
}

async function reason(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as { error?: { message?: unknown } } | undefined;
  const message = body?.error?.message;
  return typeof message === 'string' ? message : String(response.status);
}
