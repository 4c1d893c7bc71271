// Light or dark: what the system says, until somebody says otherwise.

import { byId } from '../dom.ts';
import type { Words } from '../words/index.ts';

type Labels = Pick<Words, 'toDark' | 'toLight'>;

export type Theme = 'light' | 'dark';
const KEY = 'hotels-theme';

export class ThemeSwitch {
  readonly #button = byId('theme');
  readonly #system = matchMedia('(prefers-color-scheme: dark)');
  #chosen: Theme | undefined = stored();
  #words: Labels | undefined;

  constructor(private readonly onChange: (theme: Theme) => void) {
    this.#button.addEventListener('click', () => this.#choose(this.theme === 'dark' ? 'light' : 'dark'));
    this.#system.addEventListener('change', () => this.#change());
    this.#apply();
  }

  get theme(): Theme {
    return this.#chosen ?? (this.#system.matches ? 'dark' : 'light');
  }

  showWords(words: Labels): void {
    this.#words = words;
    this.#button.setAttribute('aria-label', this.theme === 'dark' ? words.toLight : words.toDark);
  }

  #choose(theme: Theme): void {
    this.#chosen = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Then it lasts as long as the page does.
    }
    this.#change();
  }

  #change(): void {
    this.#apply();
    this.onChange(this.theme);
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.theme;
    if (this.#words) this.showWords(this.#words);
  }
}

function stored(): Theme | undefined {
  try {
    const said = localStorage.getItem(KEY);
    return said === 'light' || said === 'dark' ? said : undefined;
  } catch {
    return undefined;
  }
}
