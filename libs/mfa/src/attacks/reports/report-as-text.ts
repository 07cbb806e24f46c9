import type { AttackReport, AttackResult } from './attack-report.js';
import { VERDICTS, VERDICT_NAMES, describeCounts, printable } from './attack-report.js';

/** The report in plain words, for a terminal: what is to be done first. */
export function reportAsText(report: AttackReport): string {
  const { target, requests, took, results, counts, trouble } = report;
  const seconds = (took / 1000).toFixed(1);
  const lines = [
    `${target}: ${results.length} attacks, ${requests} requests, ${seconds} s`,
    ...(trouble === undefined ? [] : [`Nothing could be attacked. ${trouble}`]),
    ...VERDICTS.flatMap((verdict) => {
      const some = results.filter((one) => one.verdict === verdict);
      if (some.length === 0) return [];
      const heading = `${VERDICT_NAMES[verdict].toUpperCase()} (${some.length})`;
      return ['', heading, ...some.flatMap(describe)];
    }),
    '',
    describeCounts(counts),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function describe({ verdict, id, priority, title, reason, gain, mend, sources }: AttackResult): string[] {
  const head = `  ${priority} ${id}: ${title}`;
  if (verdict === 'held') return [head];
  if (verdict !== 'fell') return [head, `     ${reason}`];
  return [
    head,
    `     What was seen: ${reason}`,
    `     What an attacker gains: ${gain}`,
    `     What mends it: ${mend}`,
    `     Source: ${sources.join('; ')}`,
  ];
}
