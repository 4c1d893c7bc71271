// The stay: two date pickers, and what is wrong with a day, said at its field.

import { byId } from '../dom.ts';
import { faultOf, type Stay, type StayFault, withInDate } from '../pure/stay.ts';
import type { Words } from '../words/index.ts';

const FIELDS = ['inDate', 'outDate'] as const;
type Field = (typeof FIELDS)[number];

export const isField = (name: string | undefined): name is Field => FIELDS.some((field) => field === name);

export class StayForm {
  readonly #form = byId<HTMLFormElement>('stay');
  readonly #inputs = { inDate: byId<HTMLInputElement>('inDate'), outDate: byId<HTMLInputElement>('outDate') };
  #stay: Stay = { inDate: '', outDate: '' };

  constructor(onSubmit: (stay: Stay) => void) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      onSubmit(this.read());
    });
    for (const name of FIELDS) this.#prepare(name);
  }

  /** Shows a stay; a day that is none leaves its field empty. */
  show(stay: Stay): void {
    this.#stay = stay;
    for (const name of FIELDS) this.#inputs[name].value = stay[name];
  }

  read(): Stay {
    return { inDate: this.#inputs.inDate.value, outDate: this.#inputs.outDate.value };
  }

  /** Says what is wrong at the field, and goes there. */
  showFault(fault: { field: Field; text: string } | undefined): void {
    for (const name of FIELDS) {
      const isBad = fault?.field === name;
      byId(`${name}-fault`).textContent = isBad ? fault.text : '';
      this.#inputs[name].setAttribute('aria-invalid', String(isBad));
    }
    if (fault) this.#inputs[fault.field].focus();
  }

  focus(): void {
    this.#inputs.inDate.focus();
    this.#open(this.#inputs.inDate);
  }

  #prepare(name: Field): void {
    const input = this.#inputs[name];
    input.addEventListener('change', () => {
      const typed = this.read();
      // The second day follows the first, so that choosing an arrival never makes a bad stay.
      if (name === 'inDate' && typed.inDate) this.show(withInDate(this.#stay, typed.inDate));
      else this.#stay = typed;
      if (faultOf(this.read()) === undefined) this.showFault(undefined);
    });
    // The whole field opens the picker, not its small icon alone.
    input.addEventListener('click', () => this.#open(input));
  }

  #open(input: HTMLInputElement): void {
    try {
      input.showPicker();
    } catch {
      // It opens for a person's own click only; the field itself has the focus in any case.
    }
  }
}

/** The words for a fault. */
export function faultText(words: Words, { reason }: StayFault): string {
  return words.faults[reason];
}
