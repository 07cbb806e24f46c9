// The protections to remove: each `from` occurs once in its file of the library, and is replaced by `to`.

export const PROTECTIONS = [
  {
    name: 'a time step counts once (claim)',
    edits: [
      {
        file: 'engine/factors/factor-judge.ts',
        from: "...(step === undefined ? [] : ['(last_step IS NULL OR last_step < :step)']),",
        to: '',
      },
    ],
  },
  {
    name: 'a recovery code counts once (claim, and the hash that changes)',
    edits: [
      {
        file: 'factors/recovery-codes/recovery-code-store.ts',
        from: "{ usedAt: now, codeHash: hashOfUsed(key, userId, code) },\n      'user_id = :userId AND code_hash = :hash AND used_at IS NULL',",
        to: "{ usedAt: now },\n      'user_id = :userId AND code_hash = :hash',",
      },
    ],
  },
  {
    name: 'the code of an activation counts as used',
    edits: [
      {
        file: 'factors/totp/totp.service.ts',
        from: 'type: TYPE, data, lastStep, ...named',
        to: 'type: TYPE, data, lastStep: null, ...named',
      },
    ],
  },
  {
    name: 'a session is changed only as it was read',
    edits: [
      {
        file: 'engine/sessions/authentication-session.service.ts',
        from: "'id = :id AND seal = :seen AND expires_at > :now'",
        to: "'id = :id AND (seal = :seen OR 1 = 1) AND expires_at > :now'",
      },
    ],
  },
  {
    name: 'the token changes with each proof',
    edits: [
      {
        file: 'engine/sessions/authentication-session.service.ts',
        from: '      tokenHash: hashToken(token),\n      lastSeenAt: new Date(this.clock.now()),\n      ...this.authenticated(session),',
        to: '      lastSeenAt: new Date(this.clock.now()),\n      ...this.authenticated(session),',
      },
    ],
  },
  {
    name: 'the first factor ends other sessions (in the commit, and those that came late)',
    edits: [
      {
        file: 'engine/changes/add-authenticator.flow.ts',
        from: 'if (isFirst || replaced || endOtherSessions) {',
        to: 'if (replaced || endOtherSessions) {',
      },
      {
        file: 'engine/changes/add-authenticator.flow.ts',
        from: 'if (added.isFirst || factor.endOtherSessions) await',
        to: 'if (factor.endOtherSessions) await',
      },
    ],
  },
  {
    name: 'a replacement ends other sessions',
    edits: [
      {
        file: 'engine/changes/add-authenticator.flow.ts',
        from: 'if (isFirst || replaced || endOtherSessions)',
        to: 'if (isFirst || endOtherSessions)',
      },
    ],
  },
  {
    name: 'a removal ends other sessions',
    edits: [
      {
        file: 'engine/changes/remove-authenticator.flow.ts',
        from: "writes.push(this.sessions.planEndingOthers(userId, session?.id ?? ''));",
        to: '',
      },
    ],
  },
  {
    name: 'what a removed factor had proven goes with it',
    edits: [
      {
        file: 'engine/changes/remove-authenticator.flow.ts',
        from: 'session.methods.filter((record) => !isGone(record))',
        to: 'session.methods.filter((record) => !isGone(record) || true)',
      },
    ],
  },
  {
    name: 'a set-up belongs to the session that began it',
    edits: [
      {
        file: 'factors/totp/totp-setup-store.ts',
        from: 'setup !== null && setup.sessionId === sessionId;',
        to: 'setup !== null;',
      },
    ],
  },
  {
    name: 'a new password ends sign-ins under way',
    edits: [
      {
        file: 'engine/sessions/authentication-session.service.ts',
        from: "{ userId, status: 'pending' }",
        to: "{ userId, status: 'none' }",
      },
    ],
  },
  {
    name: 'the budget of attempts has an end',
    edits: [
      {
        file: 'engine/users/attempt-limiter.ts',
        from: 'attempts < :atMost)`',
        to: 'attempts < :atMost OR 1 = 1)`',
      },
    ],
  },
  {
    name: 'a right code gives back its own attempt alone',
    edits: [
      {
        file: 'engine/users/attempt-limiter.ts',
        from: "attempts: () => 'attempts - 1'",
        to: "attempts: () => '0'",
      },
    ],
  },
  {
    name: 'a removal is told',
    edits: [
      {
        file: 'engine/changes/remove-authenticator.flow.ts',
        from: 'return { writes, events, result: undefined',
        to: 'return { writes, events: [], result: undefined',
      },
    ],
  },
  {
    name: 'the former session of a browser is over when it signs in',
    edits: [
      {
        file: 'sign-in/begin-sign-in.flow.ts',
        from: 'const former = await this.transport.readToken(request);',
        to: 'const former = request === null ? await this.transport.readToken(request) : null;',
      },
    ],
  },
  {
    name: 'a token of trust that was replaced ends the trust, and the sessions that came of it',
    edits: [
      {
        file: 'sign-in/trust.flow.ts',
        from: 'devices.filter((device) => hasFormerToken(device, hashes.keys()))',
        to: 'devices.filter((device) => now < 0 && hasFormerToken(device, hashes.keys()))',
      },
    ],
  },
  {
    name: 'trust is used once with each token',
    edits: [
      {
        file: 'engine/trust/trusted-device-store.ts',
        from: "'id = :id AND token_hash = :seen AND expires_at > :now'",
        to: "'id = :id AND (token_hash = :seen OR 1 = 1) AND expires_at > :now'",
      },
    ],
  },
  {
    name: 'no browser is trusted after a change of factors',
    edits: [
      {
        file: 'engine/changes/factor-change.ts',
        from: '[...this.devices.planRevocationAround(userId, writes), this.users.planFactorCount(userId)]',
        to: '[...writes, this.users.planFactorCount(userId)]',
      },
    ],
  },
  {
    name: 'a trusted browser is no second factor',
    edits: [
      {
        file: 'core/policy/policy.ts',
        from: 'return requirement.acceptTrustedDevice === true && isAnyGood;',
        to: 'return isAnyGood;',
      },
    ],
  },
  {
    name: 'a factor that was reported as lost verifies nothing',
    edits: [
      {
        file: 'engine/authenticators/authenticators.service.ts',
        from: 'if (authenticator.suspendedAt !== null || authenticator.clonedAt !== null) return true;',
        to: 'if (authenticator.clonedAt !== null) return true;',
      },
      {
        file: 'engine/authenticators/authenticators.service.ts',
        from: "where: '(suspended_at IS NULL AND cloned_at IS NULL AND failures < :lockAfter)',",
        to: "where: '(cloned_at IS NULL AND failures < :lockAfter)',",
      },
    ],
  },
  {
    name: 'a report of a loss ends other sessions',
    edits: [
      {
        file: 'engine/changes/suspend-authenticator.flow.ts',
        from: "        this.sessions.planEndingOthers(userId, session?.id ?? ''),\n",
        to: '',
      },
    ],
  },
  {
    name: 'a proof that is spent opens no route with `once`',
    edits: [
      {
        file: 'core/policy/policy.ts',
        from: '!once || record.spent !== true',
        to: '!once || record.at > 0',
      },
    ],
  },
  {
    name: 'a proof that is spent changes no factor',
    edits: [{ file: 'core/policy/recent.ts', from: 'if (record.spent) return false;', to: '' }],
  },
  {
    name: 'what was lost is found by another factor alone',
    edits: [
      {
        file: 'engine/changes/suspend-authenticator.flow.ts',
        from: "changeOrigin(origin, 'change')",
        to: "changeOrigin(origin, 'reporting')",
      },
    ],
  },
  {
    name: 'a code that was sent counts once',
    edits: [
      {
        file: 'engine/factors/factor-judge.ts',
        from: '...(challenge ? [rows.claimChallenge(challenge)] : [])',
        to: '',
      },
    ],
  },
  {
    name: 'a code that is sent takes the place of the one before it',
    edits: [
      {
        file: 'factors/plugged/factor-challenge.flow.ts',
        from: 'const { data, expiresAt, answer } = await factor.challenge({ user, sessionId, authenticator });\n    const userId = userIdOf(user);',
        to: "const { data: sent, expiresAt, answer } = await factor.challenge({ user, sessionId, authenticator });\n    const userId = userIdOf(user);\n    const former = await this.rows.findChallenge(userId, type, sessionId);\n    const data = `${sent} ${former?.data ?? ''}`;",
      },
      {
        file: 'factors/delivered-codes/delivered-code.factor.ts',
        from: "return this.isRight(challenge.data, code, { user, sessionId, purpose: 'authentication', to })",
        to: "const delivery = { user, sessionId, purpose: 'authentication', to } as const;\n    return challenge.data.split(' ').some((hash) => this.isRight(hash, code, delivery))",
      },
    ],
  },
  {
    name: 'a code belongs to the session that had it sent',
    edits: [
      {
        file: 'engine/factors/factor-rows.ts',
        from: 'AND c.sessionId = :sessionId',
        to: 'AND (c.sessionId = :sessionId OR 1 = 1)',
      },
      {
        file: 'factors/delivered-codes/delivered-code.factor.ts',
        from: 'userIdOf(user), sessionId, to, code]',
        to: 'userIdOf(user), sessionId.slice(0, 0), to, code]',
      },
    ],
  },
  {
    name: 'codes over the channel of the first factor prove nothing more',
    edits: [
      {
        file: 'core/policy/methods.ts',
        from: 'isFirstFactor(record) && record.method === channel',
        to: 'isFirstFactor(record) && record.method === channel && record.at < 0',
      },
    ],
  },
  {
    name: 'codes go nowhere once the address has changed',
    edits: [
      {
        file: 'factors/delivered-codes/delivered-code.factor.ts',
        from: 'return this.destinationOf(user) === to ? to : null;',
        to: 'return this.destinationOf(user) === null ? null : to;',
      },
    ],
  },
  {
    name: 'the budget of messages has an end',
    edits: [
      {
        file: 'engine/factors/message-budget.ts',
        from: 'OR messages < :atMost)`',
        to: 'OR messages < :atMost OR 1 = 1)`',
      },
    ],
  },
  {
    name: 'a form comes from a page of its own session',
    edits: [
      {
        file: 'pages/render/page.decorators.ts',
        from: "if (request.method === 'POST') await",
        to: "if (request.method === 'NONE') await",
      },
    ],
  },
  {
    name: 'the page that removes an app wants a recent proof',
    edits: [
      {
        file: 'pages/controllers/totp.page.ts',
        from: "@Post('totp/remove')\n  @Access('recent')",
        to: "@Post('totp/remove')\n  @Access('user')",
      },
      {
        file: 'pages/frame/factor-removal.ts',
        from: 'await this.removal.remove(user, meant.id, context);',
        to: 'await this.removal.remove(user, meant.id);',
      },
    ],
  },
  {
    name: 'the page of an app shows no secret to a browser that has not begun it',
    edits: [
      {
        file: 'pages/frame/totp-setups.ts',
        from: 'if (begun && own === markOf(begun, replaces)) return begun;',
        to: "if (begun && own !== '') return begun;",
      },
    ],
  },
];
