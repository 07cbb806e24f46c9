/** The value below which this fraction of the values lies, interpolated between neighbors. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** The median and the interquartile range. */
export function summaryOf(values) {
  return { median: median(values), spread: quantile(values, 0.75) - quantile(values, 0.25) };
}

/** The median of the ratios in each round, since both ran under the same conditions in a round. */
export function ratioOf(ours, theirs) {
  return median(ours.map((value, round) => value / theirs[round]));
}
