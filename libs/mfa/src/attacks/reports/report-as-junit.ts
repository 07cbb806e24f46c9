import type { AttackReport, AttackResult } from './attack-report.js';
import { describeEvidence, printable } from './attack-report.js';

/**
 * Formats the report as JUnit XML, which every CI server reads. `fell` is a failure, `unclear` an error; results that are not applicable,
 * or for a person to check, are skipped. The evidence is the test's output.
 */
export function reportAsJUnit({ target, at, took, results, counts }: AttackReport): string {
  const attributes = attributesOf({
    name: `nestjs-mfa attacks: ${target}`,
    tests: String(results.length),
    failures: String(counts.fell),
    errors: String(counts.unclear),
    skipped: String(counts.not_applicable + counts.to_check),
    timestamp: at.replace(/\.\d+Z$/, ''),
    time: seconds(took),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${attributes}>`,
    ...results.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(result: AttackResult): string {
  const { id, family, title, took } = result;
  const attributes = attributesOf({
    classname: `attacks.${family}`,
    name: `${id}: ${title}`,
    time: seconds(took),
  });
  const inside = outcome(result) + output(result);
  return inside === '' ? `    <testcase ${attributes}/>` : `    <testcase ${attributes}>${inside}</testcase>`;
}

function outcome({ verdict, reason, gain, mend, sources }: AttackResult): string {
  if (verdict === 'held') return '';
  const message = attributesOf({ message: reason });
  if (verdict === 'unclear') return `<error ${message}/>`;
  if (verdict !== 'fell') return `<skipped ${message}/>`;
  const text = `What an attacker gains: ${gain} What mends it: ${mend} Source: ${sources.join('; ')}`;
  return `<failure ${message}>${escapeXml(text)}</failure>`;
}

function output(result: AttackResult): string {
  const lines = describeEvidence(result).map(escapeXml);
  return lines.length === 0 ? '' : `<system-out>${lines.join('\n')}</system-out>`;
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3);

const attributesOf = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(value)}"`)
    .join(' ');

/** XML can't represent most control characters, so they are replaced. */
const escapeXml = (text: string) =>
  printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
