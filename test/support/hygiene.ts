import type { DataSource } from 'typeorm';

/** What a server has handed out that nobody but its receiver may see again, by the server's address. */
const handedOut = new Map<string, Map<string, string>>();

/** Fields of answers that hold what is secret: of a set-up, of a new set of codes, of a session by header. */
const SECRET_FIELDS = ['secret', 'codes', 'recoveryCodes', 'sessionToken'];

/** Cookies that prove something. Those of pages hold what is sealed. */
const SECRET_COOKIE = /mfa_(session|trusted)$/;

/** Tables with columns that the adapter encrypts. */
const ENCRYPTED = /^mfa_(authenticator|totp_setup|factor_setup)$/;

/** Shorter ones, as the `secret` of a test that makes one up, might be part of anything. */
const SHORTEST = 8;

/** Up to this length a secret, as a recovery code, may stand in a hash by chance: it has to stand alone. */
const SHORT = 16;

function holds(text: string, secret: string): boolean {
  if (secret.length > SHORT) return text.includes(secret);
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    // Before it may be what JSON makes of the end of a line.
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

/** Keeps the secrets of an answer in JSON. One that was handed out before may be in none but in place of itself. */
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
 * An address is kept in histories and logs, and sent along to where a page leads: neither one that is asked for nor one that an answer leads
 * to may hold a secret that was handed out.
 *
 * @throws {Error} that says which address has one
 */
export function noteAddress(url: string, address: string): void {
  if (address === '') return;
  const text = decoded(address);
  for (const [secret, origin] of knownOf(url))
    if (holds(text, secret)) throw new Error(`The address ${address} has a secret of ${origin}`);
}

/** Keeps the value of a cookie that proves something. */
export function noteCookie(url: string, name: string, value: string): void {
  if (SECRET_COOKIE.test(name) && value.length >= SHORTEST) knownOf(url).set(value, `the cookie ${name}`);
}

export interface Left {
  url: string;
  dataSource: DataSource;
  logs: readonly string[];
  notifications: readonly unknown[];
  /** Whether the test's adapter encrypts what is kept, or does not. */
  hasOwnEncryption: boolean;
}

/**
 * What the server leaves behind must hold none of the secrets that it has handed out: its log, what users were told by mail, and every row
 * of every table.
 *
 * @throws {Error} that says where there is one
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
    // Some tests take a table away.
    const rows: unknown = await dataSource.query(`SELECT * FROM ${tableName}`).catch(() => []);
    places.push([`the table ${tableName}`, JSON.stringify(rows)]);
  }
  for (const [secret, origin] of known) {
    const found = places.find(([, text]) => holds(text, secret));
    if (found) throw new Error(`In ${found[0]} there is a secret of ${origin}`);
  }
}
