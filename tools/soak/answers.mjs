const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

/** The responses of each phase, and how long they took. */
export class Answers {
  phases = new Map();

  begin(name) {
    this.current = { count: 0, times: [], refused: 0, withoutRetryAfter: 0, others: new Map() };
    this.phases.set(name, this.current);
  }

  /** 503 is counted separately: it is expected while the database has problems, and a failure otherwise. */
  add({ what, status, ms, expected, retryAfter }) {
    const { current } = this;
    current.count += 1;
    if (ms !== undefined) current.times.push(ms);
    if (status === 503) {
      current.refused += 1;
      if (retryAfter === undefined) current.withoutRetryAfter += 1;
    } else if (!expected.includes(status)) {
      const key = `${what}: ${status}`;
      current.others.set(key, (current.others.get(key) ?? 0) + 1);
    }
  }
}

export function summaryOf({ count, times, refused, withoutRetryAfter, others }) {
  const sorted = times.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((part) => quantile(sorted, part) ?? 0);
  return { count, p50, p99, longest: sorted.at(-1) ?? 0, refused, withoutRetryAfter, others: [...others] };
}
