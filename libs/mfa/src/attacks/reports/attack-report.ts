import type { AttackPriority } from '../scene/attack.js';

/**
 * What came of an attack. `held`: the target refused it, and what is legitimate worked. `fell`: it worked. `not_applicable`: the target has
 * nothing that could be attacked so. `to_check`: only a person can tell. `unclear`: it could not be carried out, so nothing is known.
 */
export type AttackVerdict = 'held' | 'fell' | 'not_applicable' | 'to_check' | 'unclear';

export const VERDICTS: readonly AttackVerdict[] = ['fell', 'unclear', 'to_check', 'held', 'not_applicable'];

/** One attack, and what came of it. Nothing in it is secret. */
export interface AttackResult {
  id: string;
  family: string;
  title: string;
  priority: AttackPriority;
  verdict: AttackVerdict;
  /** Why, in one sentence; empty when it held. */
  reason: string;
  /** What was tried, and how the target answered. */
  evidence: readonly string[];
  gain: string;
  mend: string;
  sources: readonly string[];
  /** Duration in milliseconds. */
  took: number;
}

/** All attacks on one target. */
export interface AttackReport {
  /** The target's name. */
  target: string;
  /** When it was begun, as ISO 8601. */
  at: string;
  /** Requests that were sent. */
  requests: number;
  /** Duration in milliseconds. */
  took: number;
  counts: Record<AttackVerdict, number>;
  /** Why nothing could be attacked: the legitimate sign-in does not work. */
  trouble?: string;
  results: readonly AttackResult[];
}

/** How many of a report had which verdict. */
export function countVerdicts(results: readonly Pick<AttackResult, 'verdict'>[]): AttackReport['counts'] {
  const counts = { held: 0, fell: 0, not_applicable: 0, to_check: 0, unclear: 0 };
  for (const { verdict } of results) counts[verdict] += 1;
  return counts;
}

/** The words of reports. */
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

/** What was tried and how it was answered, besides the reason; what came several times in one line. */
export function describeEvidence({ evidence, reason }: AttackResult): string[] {
  const times = new Map<string, number>();
  for (const line of evidence) if (line !== reason) times.set(line, (times.get(line) ?? 0) + 1);
  return [...times].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
}

/** What is safe in every kind of report: control characters, and halves of characters, are in nobody's words. */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu, ' ');
