// Counts seconds down by the clock, so that a tab that slept does not wait longer.

export class Countdown {
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Tells the seconds left at once and then each time they change; at none it ends. */
  start(seconds: number, onTick: (left: number) => void, onEnd: () => void): void {
    this.stop();
    const end = performance.now() + seconds * 1000;
    onTick(seconds);
    this.#timer = setInterval(() => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left > 0) return onTick(left);
      this.stop();
      onEnd();
    }, 250);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
