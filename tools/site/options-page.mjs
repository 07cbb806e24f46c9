import { rowsOf } from './tables.mjs';

/** The titles of the option groups. */
const GROUPS = {
  totp: 'Authenticator apps',
  recoveryCodes: 'Recovery codes',
  webauthn: 'Security keys and passkeys',
  session: 'Sessions',
  trustedDevices: 'Trusted browsers',
  newSignIn: 'Notice of a sign-in with a new browser',
  rateLimit: 'Limits and locks',
  storage: 'Database',
  audit: 'Audit trail',
  retention: 'Removing what has expired',
};

const nameIn = (cell) => cell.replaceAll('`', '');
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** The anchor of an option on the page: `totp.issuer` at #totp-issuer. */
export const anchorOf = (option) => option.toLowerCase().replaceAll('.', '-');

/** The names of all options in the tables. */
export const optionsIn = (chapter) => rowsOf(chapter).map(([cell]) => nameIn(cell));

const UNITS = [
  ['days', 86400],
  ['hours', 3600],
  ['minutes', 60],
];

/** Adds a readable unit to long durations. */
function readable(name, usual) {
  const [unit, seconds] =
    UNITS.find(([, length]) => Number(usual) % length === 0 && Number(usual) > length) ?? [];
  return name.endsWith('Seconds') && unit ? `${usual} (${Number(usual) / seconds} ${unit})` : usual;
}

function section(row) {
  const [cell, usual] = row;
  const facts = [
    ['Default', readable(nameIn(cell), usual)],
    ...row.slice(2, -1).map((range) => ['May be', range]),
  ];
  return [
    `### ${cell} {#${anchorOf(nameIn(cell))}}`,
    sentence(row.at(-1)),
    facts.map(([what, text]) => `**${what}**: ${text}`).join('<br>\n'),
  ].join('\n\n');
}

/** Ungrouped options come first, then the groups. */
function behaviourSections(rows) {
  const groups = new Map([['', []]]);
  for (const row of rows) {
    const [, group = ''] = /^(\w+)\./.exec(nameIn(row[0])) ?? [];
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups].flatMap(([group, members]) => [
    group === '' ? '## On the top level' : `## ${GROUPS[group] ?? group}: \`${group}\` {#${anchorOf(group)}}`,
    ...members.map(section),
  ]);
}

/**
 * The options chapter of README.md with a heading for each row of its two tables, so that each option can be linked and
 * searched for.
 */
export function optionsPage(chapter) {
  const [intro, behaviour, between, structure, after] = chapter.split(/((?:^\|.*\|\n)+)/m);
  const paragraphs = between.trim().split('\n\n');
  return [
    '# Options',
    intro,
    ...paragraphs.slice(0, -1),
    ...behaviourSections(rowsOf(behaviour)),
    '## Beside the factory of `forRootAsync`',
    paragraphs.at(-1),
    ...rowsOf(structure).map(section),
    '## In the demo',
    after,
  ]
    .map((part) => part.replaceAll(/<!--.*?-->/g, '').trim())
    .join('\n\n');
}
