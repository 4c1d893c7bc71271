// Puts the words of a language into the parts of the page that are always there.

import { byId } from '../dom.ts';
import type { Words } from '../words/index.ts';

export function showWords(words: Words, isMapFull: boolean): void {
  document.title = words.title;
  for (const each of document.querySelectorAll<HTMLElement>('[data-word]')) {
    each.textContent = wordOf(words, each.dataset['word']) ?? each.textContent;
  }
  for (const each of document.querySelectorAll<HTMLElement>('[data-label]')) {
    const word = wordOf(words, each.dataset['label']);
    if (word !== undefined) each.setAttribute('aria-label', word);
  }
  byId('toggle').textContent = isMapFull ? words.showList : words.showMap;
}

function wordOf(words: Words, name: string | undefined): string | undefined {
  const word = name === undefined ? undefined : words[name as keyof Words];
  return typeof word === 'string' ? word : undefined;
}
