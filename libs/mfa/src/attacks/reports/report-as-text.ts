import type { AttackReport, AttackResult } from './attack-report.js';
import { VERDICTS, VERDICT_NAMES, describeCounts, describeEvidence, printable } from './attack-report.js';

/** Formats the report as plain text for a terminal, with what needs action first. */
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

/** How many lines of evidence a terminal shows; the HTML page has all of them. */
const SHOWN = 3;

function describe(result: AttackResult): string[] {
  const { verdict, id, priority, title, reason, gain, mend, sources } = result;
  const head = `  ${priority} ${id}: ${title}`;
  if (verdict === 'held') return [head, ...shorten(describeEvidence(result)).map((line) => `     ${line}`)];
  if (verdict !== 'fell') return [head, `     ${reason}`];
  return [
    head,
    `     What was seen: ${reason}`,
    `     What an attacker gains: ${gain}`,
    `     What mends it: ${mend}`,
    `     Source: ${sources.join('; ')}`,
  ];
}

function shorten(lines: readonly string[]): readonly string[] {
  if (lines.length <= SHOWN) return lines;
  return [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more`];
}
