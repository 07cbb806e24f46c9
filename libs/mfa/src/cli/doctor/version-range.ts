type Version = [number, number, number];

/**
 * Whether a version satisfies a range of the kind this package declares: `^1.2.3` and `>=1.2.3`, joined by `||`. A
 * prerelease counts as its release.
 */
export function isInRange(version: string, range: string): boolean {
  const given = versionOf(version);
  return range.split('||').some((one) => {
    const least = versionOf(one);
    if (!given || !least || compare(given, least) < 0) return false;
    if (one.trim().startsWith('>=')) return true;
    // Below 1.0.0, the minor version is the breaking one (npm's caret).
    return given[0] === least[0] && (least[0] > 0 || given[1] === least[1]);
  });
}

function versionOf(text: string): Version | null {
  const found = /(\d+)\.(\d+)\.(\d+)/.exec(text);
  return found && [Number(found[1]), Number(found[2]), Number(found[3])];
}

function compare(one: Version, other: Version): number {
  const at = one.findIndex((number, index) => number !== other[index]);
  return at < 0 ? 0 : (one[at] as number) - (other[at] as number);
}
