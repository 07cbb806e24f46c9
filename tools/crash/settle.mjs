// After a crash: checks in the database and the application whether what is in doubt has happened entirely or not at
// all. Anything used before must be refused.
import { createHash } from 'node:crypto';

const sessionOf = async (db, token) =>
  (await db.rows('SELECT status FROM mfa_session WHERE token_hash = ?', [token]))[0];
const authenticatorOf = async (db, id, type) =>
  (await db.rows('SELECT * FROM mfa_authenticator WHERE user_id = ? AND type = ?', [id, type]))[0];

const lastStepOf = async (db, { id }) => (await authenticatorOf(db, id, 'totp'))?.last_step ?? null;

const expect = (actor, isSo, text) => {
  if (!isSo) actor.complain(text);
};

/** Each returns whether it has happened. */
const SETTLED = {
  async activation(actor, db, { totp, code, token }) {
    const row = await authenticatorOf(db, actor.id, 'totp');
    const session = await sessionOf(db, token);
    if (row) {
      expect(actor, !session, 'a TOTP was activated, and the session kept its token');
      actor.totp = { ...totp, id: row.id };
      actor.spent = { code, step: totp.step };
      expect(actor, row.last_step >= totp.step, 'the code of an activation is not used up');
      return true;
    }
    expect(actor, session, 'no TOTP was activated, and the session has another token');
    // The setup still exists and works.
    if (session) await actor.activate(totp.secret);
    return false;
  },

  async registration(actor, db, { key }) {
    const row = await authenticatorOf(db, actor.id, 'webauthn');
    if (row) actor.key = { key, id: row.id };
    return Boolean(row);
  },

  async totp(actor, db, { step, token }) {
    const lastStep = await lastStepOf(db, actor);
    const isUsed = lastStep !== null && lastStep >= step;
    expectBoth(actor, isUsed, await sessionOf(db, token), 'code');
    if (isUsed) actor.totp.step = step;
    return isUsed;
  },

  async 'recovery code'(actor, db, { code, token }) {
    const session = await sessionOf(db, token);
    if (session) {
      // Nothing has happened: the same code completes the same sign-in.
      expect(actor, session.status === 'pending', `a sign-in without proof is ${session.status}`);
      await actor.authenticate({ code }, { kind: 'recovery code', code });
    } else {
      actor.spent = { code };
    }
    actor.codes = actor.codes.filter((one) => one !== code);
    return !session;
  },

  async key(actor, db, { challenge, token }) {
    const session = await sessionOf(db, token);
    if (session) {
      expect(actor, session.status === 'pending', `a sign-in without proof is ${session.status}`);
      return false;
    }
    const hash = createHash('sha256').update(challenge).digest('hex');
    const used = await db.rows('SELECT hash FROM mfa_webauthn_challenge WHERE hash = ?', [hash]);
    expect(actor, used.length === 1, 'a key has signed in, and its challenge is still good');
    return true;
  },

  async regeneration(actor, db, { sentAt }) {
    const set = await authenticatorOf(db, actor.id, 'recovery_codes');
    const hasHappened = set !== undefined && set.created_at >= sentAt;
    if (hasHappened) {
      // Nobody has seen the new ones; the old ones must be invalid.
      if (actor.codes[0] !== undefined) actor.spent = { code: actor.codes[0] };
      actor.codes = [];
    } else if (actor.codes.length > 0) {
      await actor.signInByRecoveryCode();
    }
    return hasHappened;
  },

  async removal(actor, db, { type }) {
    const row = await authenticatorOf(db, actor.id, type === 'key' ? 'webauthn' : 'totp');
    if (!row) {
      const { trusted } = actor;
      actor.removed(type);
      if (actor.isEnrolled) actor.distrusted = trusted ?? actor.distrusted;
    }
    return !row;
  },
};

/** A proof and its session: both or neither. */
function expectBoth(actor, isUsed, session, what) {
  expect(actor, isUsed || session, `a sign-in went through, and its ${what} is not used up`);
  expect(actor, !isUsed || !session, `a ${what} is used up, and its sign-in did not go through`);
  expect(actor, !session || session.status === 'pending', `a sign-in without proof is ${session?.status}`);
}

/** Ended only by a change of factors. */
const CHANGES = ['activation', 'registration', 'regeneration'];

/** Updates the actor's knowledge, and tries what must no longer work. */
export async function settle(actor, db) {
  const { doubt, world } = actor;
  actor.doubt = null;
  if (doubt) {
    const hasHappened = await SETTLED[doubt.kind](actor, db, doubt);
    if (hasHappened && CHANGES.includes(doubt.kind)) actor.factorsChanged();
    world.count(hasHappened ? 'in doubt, and had happened' : 'in doubt, and had not happened');
    actor.isVerified = false;
  }
  if (!actor.isEnrolled) return;
  if (actor.spent) {
    await replay(actor, db);
  }
  if (actor.distrusted) {
    await actor.halfLogin(actor.distrusted);
    actor.distrusted = null;
    world.count('revoked trust, refused');
  }
}

async function replay(actor, db) {
  const { code, step } = actor.spent;
  if (step !== undefined) {
    expect(actor, (await lastStepOf(db, actor)) >= step, 'an accepted TOTP code is not used up');
  }
  if (!(await actor.halfLogin())) return;
  await actor.post('/mfa/authenticate', { code }, 400);
  actor.world.count('used codes, refused');
}
