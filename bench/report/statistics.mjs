/** The value below which that part of the values lies, between two neighbours where it falls there. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** The middle, and how far apart the middle half of the values is. */
export function summaryOf(values) {
  return { median: median(values), spread: quantile(values, 0.75) - quantile(values, 0.25) };
}

/** The middle of what one is to the other in each round: both met the same weather. */
export function ratioOf(ours, theirs) {
  return median(ours.map((value, round) => value / theirs[round]));
}
