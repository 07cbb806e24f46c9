/** Matches a line of `.env` that sets the variable, ignoring comments. */
const named = (name: string) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`, 'm');

/**
 * Adds the module's variables to `.env`, keeping what is already there.
 *
 * @param text the current content; null if there is no file
 * @param secret at least 32 random bytes
 */
export function withSecret(text: string | null, secret: string): string {
  const before = text ?? '';
  const lines = [
    // The default is production, where cookies require HTTPS.
    ...(named('NODE_ENV').test(before) ? [] : ['NODE_ENV=development']),
    ...(named('MFA_SECRET').test(before) ? [] : [`MFA_SECRET=${secret}`]),
  ];
  return appended(before, lines);
}

/** Adds names to `.gitignore` unless they are already ignored. */
export function withIgnored(text: string | null, names: string[]): string {
  const before = text ?? '';
  const known = new Set(before.split(/\r?\n/).map((line) => line.trim().replace(/^\//, '')));
  const isIgnored = (name: string) => known.has(name) || known.has(`${name}*`) || known.has(`*${name}`);
  return appended(
    before,
    names.filter((name) => !isIgnored(name)),
  );
}

function appended(text: string, lines: string[]): string {
  if (lines.length === 0) return text;
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${gap}${lines.join('\n')}\n`;
}
