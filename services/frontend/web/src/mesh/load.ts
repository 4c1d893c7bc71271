// A bounded load on the own frontend: when which request is due, and how long they took. Knows nothing of the page.

export const SECONDS_MAX = 60;
export const RATE_MAX = 200;
/** What a browser has under way at a time; further ones that come due are not sent. */
const UNDER_WAY_MAX = 100;

/** Upper bounds of the histogram, in milliseconds; one more bucket is above them all. */
export const BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] as const;

export interface Plan {
  /** Requests in a second. */
  rate: number;
  seconds: number;
}

/** A plan within the bounds; what is no number is the least. */
export function bounded(rate: number, seconds: number): Plan {
  const within = (value: number, most: number): number => Math.min(most, Math.max(1, Math.floor(value) || 1));
  return { rate: within(rate, RATE_MAX), seconds: within(seconds, SECONDS_MAX) };
}

/** A load that runs. Times are in milliseconds, of any clock. */
export class Load {
  readonly counts: number[] = new Array<number>(BOUNDS.length + 1).fill(0);
  sent = 0;
  notSent = 0;
  succeeded = 0;
  failed = 0;
  #took: number[] = [];

  constructor(
    readonly plan: Plan,
    readonly start: number,
  ) {}

  get underWay(): number {
    return this.sent - this.succeeded - this.failed;
  }

  get #due(): number {
    return this.sent + this.notSent;
  }

  /** When each request was due that is to be sent now. Late ones were due before: that they wait counts as theirs. */
  due(now: number): number[] {
    const { rate, seconds } = this.plan;
    const until = Math.min(rate * seconds, Math.floor(((now - this.start) * rate) / 1000) + 1);
    const due: number[] = [];
    while (this.#due < until) {
      const at = this.start + (this.#due * 1000) / rate;
      if (this.underWay >= UNDER_WAY_MAX) {
        this.notSent += 1;
      } else {
        this.sent += 1;
        due.push(at);
      }
    }
    return due;
  }

  /** Whether all requests have come due. */
  isSent(): boolean {
    return this.#due >= this.plan.rate * this.plan.seconds;
  }

  isOver(): boolean {
    return this.isSent() && this.underWay === 0;
  }

  /** A request that was due at `at` was answered, or not. */
  ended(at: number, now: number, isGood: boolean): void {
    if (!isGood) {
      this.failed += 1;
      return;
    }
    const took = Math.max(0, now - at);
    this.succeeded += 1;
    this.#took.push(took);
    const bucket = BOUNDS.findIndex((bound) => took <= bound);
    this.counts[bucket < 0 ? BOUNDS.length : bucket]! += 1;
  }

  /** How long the given part of the good answers took at most. */
  quantile(part: number): number | undefined {
    const sorted = [...this.#took].sort((one, other) => one - other);
    return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  }
}

/** A bucket, in words. */
export function bucketText(bucket: number): string {
  const bound = BOUNDS[bucket];
  if (bound === undefined) return `over ${BOUNDS[BOUNDS.length - 1]! / 1000} s`;
  return bound >= 1000 ? `up to ${bound / 1000} s` : `up to ${bound} ms`;
}
