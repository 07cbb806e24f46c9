import escapeHtml from 'escape-html';

import type { AttackReport, AttackResult, AttackVerdict } from './attack-report.js';
import { VERDICTS, VERDICT_NAMES, describeEvidence, printable } from './attack-report.js';

const safe = (text: string) => escapeHtml(printable(text));

/** Formats the report as a single page without scripts or network requests. It is light or dark like the reader's system. */
export function reportAsHtml(report: AttackReport): string {
  const { target, at, requests, took, results, counts, trouble } = report;
  const title = `Attacks on ${safe(target)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${results.length} attacks with ${requests} requests in ${(took / 1000).toFixed(1)} seconds, begun <time datetime="${safe(at)}">${safe(at.slice(0, 16).replace('T', ' '))}</time> (UTC).</p>
<p class="summary">${summary(report)}</p>
<ul class="counts">
${VERDICTS.map((one) => count(one, counts[one])).join('\n')}
</ul>
</header>
<main>
${trouble === undefined ? '' : `<p class="trouble" role="note">${safe(trouble)}</p>`}
${VERDICTS.map((one) =>
  section(
    one,
    results.filter(({ verdict }) => verdict === one),
  ),
).join('\n')}
</main>
<footer><p>Held means: what is legitimate worked, and the attack was refused. It is no proof that nothing else can be attacked.</p></footer>
</body>
</html>
`;
}

function summary({ counts, trouble }: AttackReport): string {
  if (trouble !== undefined) return 'Nothing could be attacked, so nothing is known.';
  if (counts.fell > 0) return 'An attacker gets through. What is to be mended stands first.';
  if (counts.unclear > 0) return 'Nothing got through, but some attacks could not be carried out.';
  return 'No attack got through.';
}

/** A count that links to its results, if there are any. */
function count(verdict: AttackVerdict, number: number): string {
  const text = `<b>${number}</b> ${VERDICT_NAMES[verdict]}`;
  return `<li class="${verdict}">${number > 0 ? `<a href="#${verdict}">${text}</a>` : `<span>${text}</span>`}</li>`;
}

function section(verdict: AttackVerdict, results: readonly AttackResult[]): string {
  if (results.length === 0) return '';
  const heading = `<h2 id="${verdict}-heading">${VERDICT_NAMES[verdict]} <span>${results.length}</span></h2>`;
  return `<section id="${verdict}" class="${verdict}" aria-labelledby="${verdict}-heading">${heading}
${results.map(article).join('\n')}
</section>`;
}

function article(result: AttackResult): string {
  const { id, family, title, priority, verdict, reason, gain, mend, sources } = result;
  const told = describeEvidence(result);
  const isOpen = verdict === 'fell' ? ' open' : '';
  return `<details${isOpen}><summary><span class="priority">${priority}</span> ${safe(title)} <code>${safe(id)}</code></summary>
${reason === '' ? '' : `<p class="reason">${safe(reason)}</p>`}
<dl>
<dt>Family</dt><dd>${safe(family)}</dd>
<dt>What an attacker gains</dt><dd>${safe(gain)}</dd>
<dt>What mends it</dt><dd>${safe(mend)}</dd>
<dt>Source</dt><dd>${safe(sources.join('; '))}</dd>
</dl>
${told.length === 0 ? '' : `<h3>What was seen</h3><ul>${told.map((line) => `<li>${safe(line)}</li>`).join('')}</ul>`}
</details>`;
}

const STYLE = `
:root { --ink: #1c2330; --soft: #596377; --paper: #fff; --raised: #f4f6fa; --line: #d5dae4;
  --fell: #b3261e; --unclear: #8a5a00; --to_check: #1f5fbf; --held: #1b7a43; --not_applicable: #596377; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a7b0c2; --paper: #12161f; --raised: #1b2130; --line: #323b4e;
  --fell: #ff8a80; --unclear: #f0bb5b; --to_check: #8ab6ff; --held: #6fd39a; --not_applicable: #a7b0c2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
header p { color: var(--soft); margin: .25rem 0; }
header .summary { color: var(--ink); font-size: 1.15rem; margin: 1rem 0; }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; list-style: none; margin: 1.25rem 0; padding: 0; }
.counts li > * { display: block; padding: .75rem 1rem; border-radius: .6rem; border-left: .3rem solid currentColor; background: var(--raised); text-decoration: none; color: inherit; }
.counts b { display: block; font-size: 1.7rem; line-height: 1.2; }
${(['fell', 'unclear', 'to_check', 'held', 'not_applicable'] as const).map((one) => `.counts .${one}, section.${one} h2 { color: var(--${one}); }`).join('\n')}
h2 { font-size: 1.25rem; margin: 2.25rem 0 .75rem; }
h2::first-letter { text-transform: uppercase; }
h2 span { font-weight: 400; color: var(--soft); }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
details { border: 1px solid var(--line); border-radius: .6rem; margin: .5rem 0; padding: 0 1rem; }
summary { cursor: pointer; margin: 0 -1rem; padding: .6rem 1rem; border-radius: .6rem; }
details[open] > summary { background: var(--raised); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--to_check); outline-offset: 2px; }
.priority { display: inline-block; min-width: 2rem; font-weight: 600; }
code { color: var(--soft); font-size: .85em; overflow-wrap: anywhere; }
.reason, .trouble { font-weight: 600; }
.trouble { border-left: .3rem solid var(--unclear); padding: .5rem 1rem; background: var(--raised); }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1rem; margin: .75rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
footer { color: var(--soft); margin-top: 2.5rem; border-top: 1px solid var(--line); }
@media print { details { break-inside: avoid; } }
`;
