import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';

import type { AuthenticationMethod, AuthenticationRecord, MfaType, MfaProofFacts } from './methods.js';
import type { MfaRequirement, PolicyFacts } from './policy.js';
import { decide } from './policy.js';

const FILE = join(import.meta.dirname, '../../../../../docs/policy-answers.md');
const NOW = 1_800_000_000_000;

const USERS: Record<string, Partial<PolicyFacts>> = {
  'Nobody is signed in': { hasUser: false },
  'The user has no second factor': {},
  'The user must have a second factor, has none, and is in the grace period': {
    mustEnroll: true,
    enrollmentDeadline: NOW + 1,
  },
  'The user must have a second factor, has none, and is out of time': { mustEnroll: true },
  'The user has an authenticator app': enrolledWith('totp', 'recovery_codes'),
  'The user has a security key': enrolledWith('webauthn', 'recovery_codes'),
  'The user has an authenticator app and a security key': enrolledWith('totp', 'webauthn', 'recovery_codes'),
};

const SESSIONS: Record<string, [AuthenticationMethod, number][]> = {
  'none, or pending': [],
  'password, now': [['pwd', 0]],
  'trusted browser, now': [
    ['pwd', 0],
    ['trusted_device', 0],
  ],
  'identity provider, now': [
    ['pwd', 0],
    ['external', 0],
  ],
  'recovery code, now': [['recovery_code', 0]],
  'TOTP, now': [['totp', 0]],
  'TOTP, 10 minutes ago': [['totp', 600]],
  'key, now': [['webauthn', 0]],
};

const REQUIREMENTS: Record<string, MfaRequirement> = {
  '`()`': {},
  '`maxAge: 3600`': { maxAge: 3600 },
  "`methods: ['totp']`": { methods: ['totp'] },
  '`phishingResistant`': { phishingResistant: true },
  '`allowUnenrolled`': { allowUnenrolled: true },
  '`acceptTrustedDevice`': { acceptTrustedDevice: true },
};

/** The requirements that ask for more than a type of proof, with what meets them and what doesn't. */
const DEMANDING_USERS: Record<string, Partial<PolicyFacts>> = {
  'The user has no second factor': {},
  'The user has an authenticator app': enrolledWith('totp', 'recovery_codes'),
  'The user has a passkey that is synced': { ...enrolledWith('webauthn'), keys: [key(false)] },
  'The user has a passkey that is synced and an authenticator app': {
    ...enrolledWith('totp', 'webauthn', 'recovery_codes'),
    keys: [key(false)],
  },
  'The user has an attested key that stays on its device, and an authenticator app': {
    ...enrolledWith('totp', 'webauthn', 'recovery_codes'),
    keys: [key(true)],
  },
};

const now = (
  method: AuthenticationMethod,
  facts: Partial<AuthenticationRecord> = {},
): AuthenticationRecord => ({
  method,
  at: NOW,
  ...facts,
});

const DEMANDING_SESSIONS: Record<string, AuthenticationRecord[]> = {
  'password, now': [now('pwd')],
  'recovery code, now': [now('recovery_code')],
  'TOTP, now': [now('totp')],
  'key of which nothing is known, now': [now('webauthn')],
  'synced passkey with UV, now': [now('webauthn', { userVerified: true, ...key(false) })],
  'attested key without UV, now': [now('webauthn', { userVerified: false, ...key(true) })],
  'attested key with UV, 10 minutes ago': [
    { ...now('webauthn', { userVerified: true, ...key(true) }), at: NOW - 600_000 },
  ],
  'TOTP and attested key with UV, now': [now('totp'), now('webauthn', { userVerified: true, ...key(true) })],
  'the same, both spent': [
    now('totp', { spent: true }),
    now('webauthn', { userVerified: true, ...key(true), spent: true }),
  ],
};

const DEMANDING_REQUIREMENTS: Record<string, MfaRequirement> = {
  '`userVerified`': { userVerified: true },
  '`deviceBound`': { deviceBound: true },
  '`attested`': { attested: true },
  "`allOf: ['totp', 'webauthn']`": { allOf: ['totp', 'webauthn'] },
  '`once`': { once: true },
};

/** The facts of a key: device-bound and attested, or synced and not attested. */
function key(isBound: boolean): MfaProofFacts {
  return { backupEligible: !isBound, backedUp: !isBound, attested: isBound };
}

const SHORT = { unauthenticated: '401', mfa_required: '401 prove', mfa_enrollment_required: '403 enroll' };

function enrolledWith(...types: MfaType[]): Partial<PolicyFacts> {
  return { enrolled: true, enrolledTypes: types, usableTypes: types };
}

function answer(
  user: Partial<PolicyFacts> | undefined,
  records: AuthenticationRecord[],
  requirement: MfaRequirement | undefined,
): string {
  const decision = decide(requirement ?? {}, {
    hasUser: true,
    mustEnroll: false,
    enrolled: false,
    enrolledTypes: [],
    usableTypes: [],
    offeredTypes: ['totp', 'webauthn', 'recovery_codes'],
    enrollmentDeadline: null,
    now: NOW,
    defaultMaxAge: 300,
    ...user,
    records,
  });
  return decision.allow ? 'pass' : SHORT[decision.code];
}

function table(user: string): string {
  const sessions = Object.entries(SESSIONS).map(([name, proofs]): [string, AuthenticationRecord[]] => [
    name,
    proofs.map(([method, age]) => ({ method, at: NOW - age * 1000 })),
  ]);
  return tableOf(user, USERS[user], Object.fromEntries(sessions), REQUIREMENTS);
}

function tableOf(
  user: string,
  facts: Partial<PolicyFacts> | undefined,
  sessions: Record<string, AuthenticationRecord[]>,
  requirements: Record<string, MfaRequirement>,
): string {
  const columns = Object.keys(requirements);
  const rows = Object.entries(sessions).map(([session, records]) => [
    session,
    ...columns.map((requirement) => answer(facts, records, requirements[requirement])),
  ]);
  const lines = [['what the session holds', ...columns], columns.map(() => '---').concat('---'), ...rows];
  return `### ${user}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`;
}

const INTRODUCTION = `# Every answer of @RequireMfa()

What \`@RequireMfa()\` answers to whom. How to ask for what is in [policy.md](policy.md).

- **pass**: the route answers.
- **401**: \`unauthenticated\`.
- **401 prove**: \`mfa_required\` with the \`methods\` that would do.
- **403 enroll**: \`mfa_enrollment_required\` with the \`methods\` that could be set up.

\`gracePeriodSeconds\` is 300 here. Combinations that can't come about (a key was proven by a user who has none) are listed too: the function answers all of them. A test of the policy writes these
tables (\`UPDATE_DOCS=1 npm test -- policy-table\`), and fails when they differ from what it decides.

## By method and age`;

const DEMANDING_INTRODUCTION = `## By what the proof has to show

[What the proof has to show](policy.md#what-the-proof-has-to-show) says what these ask for.`;

const demandingTables = (): string[] =>
  Object.entries(DEMANDING_USERS).map(([user, facts]) =>
    tableOf(user, facts, DEMANDING_SESSIONS, DEMANDING_REQUIREMENTS),
  );

describe('docs/policy-answers.md', () => {
  it('says what the policy decides', async () => {
    const written = await format(
      [INTRODUCTION, ...Object.keys(USERS).map(table), DEMANDING_INTRODUCTION, ...demandingTables()].join(
        '\n\n',
      ),
      {
        parser: 'markdown',
        printWidth: 140,
      },
    );
    if (process.env['UPDATE_DOCS']) writeFileSync(FILE, written);
    expect(readFileSync(FILE, 'utf8')).toBe(written);
  });
});
