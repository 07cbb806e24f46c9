import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaMessage } from 'nestjs-mfa';
import { emailCode, smsCode } from 'nestjs-mfa';

import { PAGES, PageAdapter, startPageApp } from '../pages/support.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, signInWithPasskey } from '../support/ceremonies.js';
import type { Answer, Client } from '../support/client.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, halfSignIn, newUserId } from '../support/test-app.js';

const outbox: MfaMessage[] = [];

class SendingAdapter extends PageAdapter {
  override sendMessage(message: MfaMessage): void {
    outbox.push(message);
  }
}

const FACTORS = ['totp', 'webauthn', 'email_code', 'recovery_codes'] as const;
type Factor = (typeof FACTORS)[number];

/** Somebody who has every factor, set-ups and challenges that wait for an answer, and a browser that is trusted. */
interface Person {
  id: string;
  /** By the type of the authenticator. */
  ids: Record<Factor, string>;
  secret: string;
  key: SoftwareAuthenticator;
  recoveryCodes: string[];
  /** A session with a fresh proof. */
  client: Client;
  /** Sign-ins that wait for their second factor; the one of e-mailed codes was sent one. */
  waiting: Record<Factor, Client>;
  trusted: Client;
}

type Value = string | number | null;

/** What nobody has put into a column of that kind. SQLite takes everything in every column. */
const GARBAGE: [string, Value] = ['191 characters of garbage', '{"gar":[bage,'.padEnd(191, '.')];
const TEXTS: [string, Value][] = [['null', null], ['nothing', ''], GARBAGE];
const FLAGS: [string, Value][] = [['null', null], GARBAGE];
// More milliseconds than a date can have.
const MOMENTS: [string, Value][] = [
  ['null', null],
  ['a time that is none', 9_000_000_000_000_000],
];
const COUNTS: [string, Value][] = [
  ...FLAGS,
  ['nothing', ''],
  ['a negative number', -1],
  ['the greatest number', 2_147_483_647],
];

/** One row of a person, and the factor that it belongs to: all others have to work. */
interface Row {
  table: string;
  where: string;
  values: string[];
  of?: Factor;
}

const rowOfUser = (table: string, of?: Factor) => (person: Person) => ({
  table,
  where: 'user_id = ?',
  values: [person.id],
  ...(of ? { of } : {}),
});

const ROWS: [string, (person: Person) => Row][] = [
  ...FACTORS.map((type): [string, (person: Person) => Row] => [
    `an authenticator (${type})`,
    ({ ids }) => ({ table: 'mfa_authenticator', where: 'id = ?', values: [ids[type]], of: type }),
  ]),
  ['the record of a key', rowOfUser('mfa_webauthn_credential', 'webauthn')],
  [
    'one recovery code',
    ({ id }) => ({
      table: 'mfa_recovery_code',
      where: 'user_id = ? AND code_hash = (SELECT MIN(code_hash) FROM mfa_recovery_code WHERE user_id = ?)',
      values: [id, id],
    }),
  ],
  ['the state of the user', rowOfUser('mfa_user_state')],
  ['a set-up of an app', rowOfUser('mfa_totp_setup')],
  ['a set-up of another factor', rowOfUser('mfa_factor_setup')],
  ['a challenge', rowOfUser('mfa_factor_challenge', 'email_code')],
  ['a trusted browser', rowOfUser('mfa_trusted_device')],
];

/** The tables with rows of a user, without those of sessions and of the audit trail. */
const TABLES = [...new Set(ROWS.map(([, rowOf]) => rowOf({ ids: {} } as Person).table))];

describe('a damaged row', () => {
  let test: TestApp;
  let ada: Person;
  let bob: Person;
  let tables: string[];
  beforeAll(async () => {
    test = await startPageApp({
      orm: { type: 'better-sqlite3', database: ':memory:' },
      adapter: SendingAdapter,
      mfa: {
        factors: [emailCode(), smsCode()],
        passkeyLogin: true,
        changesNeed: 'any',
        totp: { maxPerUser: 2 },
        trustedDevices: { enabled: true },
        locales: ['en'],
      },
    });
    ada = await enrolAll();
    bob = await enrolAll();
    // Authenticators first: other rows refer to them.
    tables = test.dataSource.entityMetadatas
      .map(({ tableName }) => tableName)
      .filter((table) => !['mfa_audit_entry', 'mfa_key'].includes(table))
      .sort();
    for (const table of tables) await query(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
  });
  afterAll(async () => {
    await restore();
    await test.close();
  });

  const query = (sql: string, values: Value[] = []) => test.dataSource.query(sql, values);

  async function restore(): Promise<void> {
    for (const table of tables) await query(`DELETE FROM ${table}`);
    for (const table of tables) await query(`INSERT INTO ${table} SELECT * FROM kept_${table}`);
  }

  async function enrolAll(): Promise<Person> {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id, phoneNumber: '+491701234567' });
    const { body: setup } = await client.post('/mfa/totp');
    const secret = setup.secret as string;
    const { body: first } = await client.post('/mfa/totp/activate', { code: codeOf(secret, test.clock) });
    const key = new SoftwareAuthenticator();
    const { body: options } = await client.post('/mfa/webauthn/options', { passwordless: true });
    await client.post('/mfa/webauthn', { credential: key.create(options) });
    await client.post('/mfa/factors/email_code');
    await client.post('/mfa/factors/email_code/activate', { code: outbox.at(-1)?.code });
    await client.post('/mfa/totp');
    await client.post('/mfa/factors/sms_code');
    const { body: all } = await client.get('/mfa/authenticators');
    const ids = Object.fromEntries(
      all.map((one: { id: string; type: string }) => [one.type, one.id]),
    ) as Person['ids'];
    expect(Object.keys(ids).sort()).toEqual([...FACTORS].sort());
    test.clock.advance(60);
    const trusted = await halfSignIn(test, { id });
    await trusted.post('/mfa/authenticate', { code: codeOf(secret, test.clock), trustDevice: true });
    test.clock.advance(60);
    const waiting = {} as Person['waiting'];
    for (const factor of FACTORS) waiting[factor] = await halfSignIn(test, { id });
    await waiting.email_code.post('/mfa/authenticate/email_code/challenge');
    return { id, ids, secret, key, recoveryCodes: first.recoveryCodes, client, waiting, trusted };
  }

  async function prove(client: Client, by: Factor): Promise<Answer> {
    if (by === 'webauthn') return assertKey(client, ada.key);
    if (by === 'totp') return client.post('/mfa/authenticate', { code: codeOf(ada.secret, test.clock) });
    if (by === 'recovery_codes') {
      // One of them may be what is damaged.
      const [code, next] = ada.recoveryCodes;
      const answer = await client.post('/mfa/authenticate', { code });
      return answer.status === 400 ? client.post('/mfa/authenticate', { code: next }) : answer;
    }
    await client.post('/mfa/authenticate/email_code/challenge');
    return client.post('/mfa/authenticate', { code: outbox.at(-1)?.code });
  }

  const ROUTES = ['status', 'authenticators', 'webauthn/signals', 'recovery-codes', 'trusted-devices']
    .concat(['session', 'sessions', 'lost-factors'])
    .map((path) => `/mfa/${path}`);

  const pagesOf = (table: string) =>
    ['', '/authenticate', '/lost', '/totp/remove', '/recovery-codes', '/trusted-devices']
      .concat(['edit', 'remove'].map((what) => `/webauthn/${ada.ids.webauthn}/${what}`))
      .concat(/setup|state/.test(table) ? ['/enrol', '/totp/add', '/factors/sms_code/add'] : [])
      .map((path) => PAGES + path);

  /** What fails of all that is read. */
  async function unread(table: string): Promise<string[]> {
    const browser = PageClient.of(ada.client);
    const answers = await Promise.all([
      ...ROUTES.map(async (path) => [path, (await ada.client.get(path)).status] as const),
      ...pagesOf(table).map(async (path) => [path, (await browser.get(path)).status] as const),
    ]);
    return answers.filter(([, status]) => status >= 500).map(([path, status]) => `${path} answers ${status}`);
  }

  /** What of the factors does not work; of the one that is damaged, what fails. */
  async function unproven({ table, of }: Pick<Row, 'table' | 'of'>): Promise<string[]> {
    const problems: string[] = [];
    const note = (what: string, { status, text }: Answer, isRight: boolean) => {
      if (!isRight) problems.push(`${what} answers ${status} ${text}`);
    };
    for (const factor of FACTORS) {
      const client = ada.waiting[factor].clone();
      const answer = await prove(client, factor);
      note(factor, answer, factor === of ? answer.status < 500 : answer.status === 200);
      if (factor !== 'recovery_codes' || table !== 'mfa_user_state') continue;
      // More of them than the budget of attempts has: what succeeds spends none.
      for (const code of ada.recoveryCodes.slice(2, 9)) {
        const next = await client.post('/mfa/authenticate', { code });
        note('one more code', next, next.status === 200);
      }
    }
    if (of !== 'webauthn') {
      const passkey = await signInWithPasskey(test.client(), ada.key);
      note('the passkey', passkey, passkey.status === 200);
    }
    if (/trusted|state/.test(table)) {
      const trusted = await ada.trusted.clone().post('/login', { id: ada.id });
      note('the trusted browser', trusted, trusted.status === 200);
    }
    if (table === 'mfa_user_state') {
      const { status, text } = await ada.client.clone().delete(`/mfa/authenticators/${ada.ids.email_code}`);
      if (status !== 204) problems.push(`a change answers ${status} ${text}`);
    }
    return problems;
  }

  interface Column {
    name: string;
    type: string;
    notnull: number;
    pk: number;
  }

  /** Damages each column of the row in each way, and collects what goes wrong then. */
  async function damaged(
    { table, where, values }: Row,
    theirs: Row,
    problemsOf: (column: string) => Promise<string[]>,
  ): Promise<string[]> {
    const problems: string[] = [];
    await restore();
    const columns: Column[] = await query(`PRAGMA table_info(${table})`);
    let damages = 0;
    for (const { name, type, notnull, pk } of columns) {
      if (pk > 0) continue;
      const [{ other }] = await query(
        `SELECT ${name} AS other FROM ${table} WHERE ${theirs.where}`,
        theirs.values,
      );
      for (const [what, damage] of [...damagesOf(type), ['what another user’s is', other] as const]) {
        // Each credential is there once.
        const isUnique = name === 'credential_id_hash' && damage === other;
        await restore();
        const [{ own }] = await query(`SELECT ${name} AS own FROM ${table} WHERE ${where}`, values);
        if (isUnique || damage === own || (damage === null && notnull === 1)) continue;
        await query(`UPDATE ${table} SET ${name} = ? WHERE ${where}`, [damage, ...values]);
        damages += 1;
        for (const one of await problemsOf(name)) problems.push(`${name} is ${what}: ${one}`);
      }
    }
    expect(damages).toBeGreaterThanOrEqual(columns.filter(({ pk }) => pk === 0).length);
    return problems;
  }

  it('is what fails, if anything does: undamaged, all of it is read and works', async () => {
    await restore();
    expect(await unread('mfa_user_state')).toEqual([]);
    expect(await unproven({ table: 'mfa_user_state' })).toEqual([]);
  });

  it('with a window of messages that began at no time sends the next one', async () => {
    const full = 'UPDATE mfa_user_state SET messages = 5, messages_from = ? WHERE user_id = ?';
    const answers = [];
    for (const from of [test.clock.now(), 9_000_000_000_000_000]) {
      await restore();
      await query(full, [from, ada.id]);
      const { status } = await ada.waiting.email_code.post('/mfa/authenticate/email_code/challenge');
      answers.push(status);
    }
    expect(answers).toEqual([429, 200]);
  });

  it.each(TABLES)('of %s keeps no route and no page from answering', async (table) => {
    const rowOf = rowOfUser(table);
    expect(await damaged(rowOf(ada), rowOf(bob), () => unread(table))).toEqual([]);
  });

  it.each(ROWS)('of %s leaves the other factors as they are', async (_, rowOf) => {
    const row = rowOf(ada);
    expect(await damaged(row, rowOf(bob), (column) => unproven({ ...row, ...ownerOf(column, row) }))).toEqual(
      [],
    );
  });
});

function damagesOf(type: string): [string, Value][] {
  if (/text|char/.test(type)) return TEXTS;
  if (type === 'bigint') return MOMENTS;
  return type === 'boolean' ? FLAGS : COUNTS;
}

/** The state of a user also counts the messages of the factor that sends some. */
function ownerOf(column: string, { table }: Row): { of?: Factor } {
  return table === 'mfa_user_state' && column === 'messages' ? { of: 'email_code' } : {};
}
