import type { AttackPriority } from '../scene/attack.js';

/**
 * The outcome of an attack. `held`: the target refused it, and legitimate use worked. `fell`: the attack worked. `not_applicable`: the
 * target has nothing that can be attacked this way. `to_check`: only a person can tell. `unclear`: the attack couldn't be carried out, so
 * nothing is known.
 */
export type AttackVerdict = 'held' | 'fell' | 'not_applicable' | 'to_check' | 'unclear';

export const VERDICTS: readonly AttackVerdict[] = ['fell', 'unclear', 'to_check', 'held', 'not_applicable'];

/** An attack and its outcome. It contains no secrets. */
export interface AttackResult {
  id: string;
  family: string;
  title: string;
  priority: AttackPriority;
  verdict: AttackVerdict;
  /** The reason in one sentence; empty if the target held. */
  reason: string;
  /** What was tried, and how the target responded. */
  evidence: readonly string[];
  gain: string;
  mend: string;
  sources: readonly string[];
  /** Duration in milliseconds. */
  took: number;
}

/** The results of all attacks on one target. */
export interface AttackReport {
  /** The target's name. */
  target: string;
  /** When the run started, in ISO 8601. */
  at: string;
  /** The number of requests that were sent. */
  requests: number;
  /** Duration in milliseconds. */
  took: number;
  counts: Record<AttackVerdict, number>;
  /** Why no attack could run: the legitimate sign-in doesn't work. */
  trouble?: string;
  results: readonly AttackResult[];
}

/** Counts the results by verdict. */
export function countVerdicts(results: readonly Pick<AttackResult, 'verdict'>[]): AttackReport['counts'] {
  const counts = { held: 0, fell: 0, not_applicable: 0, to_check: 0, unclear: 0 };
  for (const { verdict } of results) counts[verdict] += 1;
  return counts;
}

/** The verdicts as reports show them. */
export const VERDICT_NAMES: Record<AttackVerdict, string> = {
  held: 'held',
  fell: 'fell',
  not_applicable: 'not applicable',
  to_check: 'for you to check',
  unclear: 'unclear',
};

/** `61 held, 0 fell, …`. */
export const describeCounts = (counts: AttackReport['counts']): string =>
  VERDICTS.map((one) => `${counts[one]} ${VERDICT_NAMES[one]}`).join(', ');

/** What was tried and how the target responded, without the reason. Repeated lines are combined. */
export function describeEvidence({ evidence, reason }: AttackResult): string[] {
  const times = new Map<string, number>();
  for (const line of evidence) if (line !== reason) times.set(line, (times.get(line) ?? 0) + 1);
  return [...times].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
}

/** Makes text safe for every kind of report: replaces control characters and lone surrogates. */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu, ' ');
