import type { DataSource } from 'typeorm';

/** Secrets that a server has sent to one receiver and no one else may see, by the server's URL. */
const handedOut = new Map<string, Map<string, string>>();

/** Response fields that contain secrets: of a setup, a new set of codes, or a session with the header transport. */
const SECRET_FIELDS = ['secret', 'codes', 'recoveryCodes', 'sessionToken'];

/** Cookies that prove something. Those of the pages are encrypted. */
const SECRET_COOKIE = /mfa_(session|trusted)$/;

/** Tables with columns that the adapter encrypts. */
const ENCRYPTED = /^mfa_(authenticator|totp_setup|factor_setup)$/;

/** Shorter values, such as made-up secrets of a test, could be part of anything. */
const SHORTEST = 8;

/**
 * Secrets up to this length, such as recovery codes, may occur within a hash by chance: they only count as whole words.
 */
const SHORT = 16;

function holds(text: string, secret: string): boolean {
  if (secret.length > SHORT) return text.includes(secret);
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    // Preceding characters may be a line break escaped in JSON.
    const before = text
      .slice(0, at)
      .slice(-2)
      .replace(/\\[nrt]$/, '');
    if (!/[\w-]$/.test(before) && !/^[\w-]/.test(text.slice(at + secret.length, at + secret.length + 1)))
      return true;
  }
  return false;
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

function secretsIn(value: unknown, name = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => secretsIn(one, name));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, one]) =>
      secretsIn(one, SECRET_FIELDS.includes(key) ? key : ''),
    );
  return typeof value === 'string' && name !== '' && value.length >= SHORTEST ? [value] : [];
}

function knownOf(url: string): Map<string, string> {
  const known = handedOut.get(url) ?? new Map<string, string>();
  handedOut.set(url, known);
  return known;
}

/** Records the secrets in a JSON response. A secret sent before must not appear in it, except as a value of its own. */
export function noteAnswer(url: string, what: string, { body, text }: { body: unknown; text: string }): void {
  const known = knownOf(url);
  if (typeof body !== 'object' || body === null) return;
  const own = secretsIn(body);
  for (const [secret, origin] of known) {
    if (!own.includes(secret) && holds(text, secret))
      throw new Error(`The answer to ${what} has a secret of ${origin}`);
  }
  for (const secret of own) known.set(secret, what);
}

/**
 * URLs end up in histories and logs, and in the referrer of where a page leads, so neither a requested URL nor a
 * redirect's may contain a secret.
 *
 * @throws {Error} naming the URL that does
 */
export function noteAddress(url: string, address: string): void {
  if (address === '') return;
  const text = decoded(address);
  for (const [secret, origin] of knownOf(url))
    if (holds(text, secret)) throw new Error(`The address ${address} has a secret of ${origin}`);
}

/** Records the value of a cookie that proves something. */
export function noteCookie(url: string, name: string, value: string): void {
  if (SECRET_COOKIE.test(name) && value.length >= SHORTEST) knownOf(url).set(value, `the cookie ${name}`);
}

export interface Left {
  url: string;
  dataSource: DataSource;
  logs: readonly string[];
  notifications: readonly unknown[];
  /** Whether the test's adapter replaces the library's encryption. */
  hasOwnEncryption: boolean;
}

/**
 * Checks that none of the secrets sent by the server appear in what it leaves behind: its log, notifications to users,
 * and every row of every table.
 *
 * @throws {Error} naming where one was found
 */
export async function assertNoSecretLeft({
  url,
  dataSource,
  logs,
  notifications,
  hasOwnEncryption,
}: Left): Promise<void> {
  const known = handedOut.get(url);
  handedOut.delete(url);
  if (!known || known.size === 0 || !dataSource.isInitialized) return;
  const places: [string, string][] = [
    ['the log', logs.join('\n')],
    ['notifications', JSON.stringify(notifications)],
  ];
  const tables = dataSource.entityMetadatas.filter(
    ({ tableName }) => tableName.startsWith('mfa_') && !(hasOwnEncryption && ENCRYPTED.test(tableName)),
  );
  for (const { tableName } of tables) {
    // Some tests drop a table.
    const rows: unknown = await dataSource.query(`SELECT * FROM ${tableName}`).catch(() => []);
    places.push([`the table ${tableName}`, JSON.stringify(rows)]);
  }
  for (const [secret, origin] of known) {
    const found = places.find(([, text]) => holds(text, secret));
    if (found) throw new Error(`In ${found[0]} there is a secret of ${origin}`);
  }
}
