import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';

import type { AuthenticationMethod, MfaType } from './methods.js';
import type { MfaRequirement, PolicyFacts } from './policy.js';
import { decide } from './policy.js';

const FILE = join(import.meta.dirname, '../../../../../docs/policy.md');
const NOW = 1_800_000_000_000;

const USERS: Record<string, Partial<PolicyFacts>> = {
  'Nobody is signed in': { hasUser: false },
  'The user has no second factor': {},
  'The user must have a second factor, has none, and is in the grace period': {
    mustEnrol: true,
    enrollmentDeadline: NOW + 1,
  },
  'The user must have a second factor, has none, and is out of time': { mustEnrol: true },
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

const SHORT = { unauthenticated: '401', mfa_required: '401 prove', mfa_enrollment_required: '403 enrol' };

function enrolledWith(...types: MfaType[]): Partial<PolicyFacts> {
  return { enrolled: true, enrolledTypes: types, usableTypes: types };
}

function answer(user: string, session: string, requirement: string): string {
  const decision = decide(REQUIREMENTS[requirement] ?? {}, {
    hasUser: true,
    mustEnrol: false,
    enrolled: false,
    enrolledTypes: [],
    usableTypes: [],
    offeredTypes: ['totp', 'webauthn', 'recovery_codes'],
    enrollmentDeadline: null,
    now: NOW,
    defaultMaxAge: 300,
    ...USERS[user],
    records: (SESSIONS[session] ?? []).map(([method, age]) => ({ method, at: NOW - age * 1000 })),
  });
  return decision.allow ? 'pass' : SHORT[decision.code];
}

function table(user: string): string {
  const columns = Object.keys(REQUIREMENTS);
  const rows = Object.keys(SESSIONS).map((session) => [
    session,
    ...columns.map((requirement) => answer(user, session, requirement)),
  ]);
  const lines = [['what the session holds', ...columns], columns.map(() => '---').concat('---'), ...rows];
  return `## ${user}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`;
}

const INTRODUCTION = `# What @RequireMfa() answers

Every decision is made by one pure function, \`decide\` in [policy.ts](../libs/mfa/src/policy/policy.ts). These tables are its answers,
written by its test (\`UPDATE_DOCS=1 npm test -- policy-table\`); the test fails when they differ. \`gracePeriodSeconds\` is 300.

- **pass**: the route answers.
- **401**: \`unauthenticated\`.
- **401 prove**: \`mfa_required\` with the \`methods\` that would do.
- **403 enrol**: \`mfa_enrollment_required\` with the \`methods\` that could be set up.

Combinations that can't come about (a key was proven by a user who has none) are listed too: the function answers all of them.`;

describe('docs/policy.md', () => {
  it('says what the policy decides', async () => {
    const written = await format([INTRODUCTION, ...Object.keys(USERS).map(table)].join('\n\n'), {
      parser: 'markdown',
      printWidth: 140,
    });
    if (process.env['UPDATE_DOCS']) writeFileSync(FILE, written);
    expect(readFileSync(FILE, 'utf8')).toBe(written);
  });
});
