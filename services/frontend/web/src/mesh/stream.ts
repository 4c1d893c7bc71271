// The stream of pictures, for as long as somebody can see the page.

import { type Picture, readPicture } from './picture.ts';

export type Standing = 'live' | 'waiting' | 'hidden';

/** After the stream was refused, in milliseconds. */
const AGAIN = 2000;
/** A stream that is silent for so long is a broken one. */
const SILENCE = 5000;

export class Stream {
  #source: EventSource | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onPicture: (picture: Picture) => void,
    private readonly onStanding: (standing: Standing) => void,
  ) {
    document.addEventListener('visibilitychange', () => this.#look());
    // A page that is kept for going back holds no stream.
    addEventListener('pagehide', () => this.#close());
    addEventListener('pageshow', () => this.#look());
    this.#look();
  }

  #look(): void {
    if (document.visibilityState === 'visible') {
      if (!this.#source) this.#open();
      return;
    }
    this.#close();
    this.onStanding('hidden');
  }

  #open(): void {
    this.#close();
    this.onStanding('waiting');
    this.#source = new EventSource('/mesh/events');
    this.#source.addEventListener('message', ({ data }) => {
      const picture = readPicture(String(data));
      if (!picture) return;
      this.#retry(SILENCE);
      this.onStanding('live');
      this.onPicture(picture);
    });
    this.#source.addEventListener('error', () => {
      this.onStanding('waiting');
      this.#retry(AGAIN);
    });
  }

  #close(): void {
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = undefined;
  }

  #retry(after: number): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#open(), after);
  }
}
