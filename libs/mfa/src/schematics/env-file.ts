/** A line of `.env` that names the variable, commented out or not being none. */
const named = (name: string) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`, 'm');

/**
 * `.env` with what the module is told by it. What is there stays as it is.
 *
 * @param text what is there; null: no file
 * @param secret at least 32 random bytes
 */
export function withSecret(text: string | null, secret: string): string {
  const before = text ?? '';
  const lines = [
    // Without it, it is production: cookies would be for https alone.
    ...(named('NODE_ENV').test(before) ? [] : ['NODE_ENV=development']),
    ...(named('MFA_SECRET').test(before) ? [] : [`MFA_SECRET=${secret}`]),
  ];
  return appended(before, lines);
}

/** `.gitignore` with what must not be committed. */
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
