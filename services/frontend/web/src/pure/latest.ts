// Of several questions only the last one counts: a slow old answer never replaces a newer one.

export interface Turn {
  signal: AbortSignal;
  /** Whether nobody has asked since. */
  isLast(): boolean;
}

export class Latest {
  #turn = 0;
  #running = new AbortController();

  /** Begins a question, and calls off the one before. */
  begin(): Turn {
    const mine = ++this.#turn;
    this.#running.abort();
    this.#running = new AbortController();
    return { signal: this.#running.signal, isLast: () => mine === this.#turn };
  }
}
