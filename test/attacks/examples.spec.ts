/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';
import type { RunAttacksOptions } from 'nestjs-mfa/attacks';
import { ATTACKS } from 'nestjs-mfa/attacks';

import { sample } from '../support/thorough.js';
import { attack, expectHeld, told } from './targets/attack.js';
import { demoTarget } from './targets/demo.js';
import { fastifyExample, headerExample } from './targets/examples.js';
import { jwtExample } from './targets/jwt.js';
import { passportExample } from './targets/passport.js';
import { tokensExample } from './targets/tokens.js';

/** These have to hash a password for each sign-in, or are a part of the whole: the usual run makes some of the attacks on them. */
const some = (): RunAttacksOptions => ({ only: sample(ATTACKS, 6).map(({ id }) => id) });

/** Why an attack may not apply to the example, which has no such thing. */
const LACKING: Record<string, RegExp> = {
  fastify: /idleSeconds|no security keys|No browser is trusted|no `readMail`/,
  tokens: /no security keys|browsers with cookies|No cookie|idleSeconds|no `readMail`/,
  passport: /no `readMail`/,
  header: /passkey alone|browsers with cookies|No cookie carries|No cookie was set|no `readMail`|idleSeconds/,
};

/**
 * An API that asks nobody takes an access token until it expires (docs/tokens.md). Beside a session, a token still says who it is, and so
 * reads what is there; it changes nothing. The clock that the tests move is not the one by which it expires.
 */
const TOKENS_LIVE_ON: Record<string, string[]> = {
  tokens: ['token-from-before-step-up', 'signed-out-session'],
  jwt: ['session-from-before-first-factor'],
};

describe('attacks', () => {
  it('find nothing in the demo', async () => {
    expectHeld(await attack(demoTarget(), some()));
  }, 120_000);

  it('find nothing in the example on Fastify', async () => {
    expectHeld(await attack(fastifyExample(), some()), LACKING['fastify']);
  }, 180_000);

  it('find nothing in the example with the header', async () => {
    expectHeld(await attack(headerExample(), some()), LACKING['header']);
  }, 180_000);

  it('find nothing in the example with Passport', async () => {
    expectHeld(await attack(passportExample(), some()), LACKING['passport']);
  }, 180_000);

  it.each([
    ['access tokens', tokensExample, TOKENS_LIVE_ON['tokens'], []],
    ['JWT', jwtExample, TOKENS_LIVE_ON['jwt'], ['endless-session']],
  ])(
    'find in the example with %s what its guide says of them, and nothing else',
    async (_, start, known, skip) => {
      const { only = [] } = some();
      const options = { only: [...new Set([...only, ...(known ?? [])])], skip };
      const report = await attack(start(), options);
      const fell = report.results.filter(({ verdict }) => verdict === 'fell').map(({ id }) => id);
      expect(fell).toEqual(known);
      expect(told(report, 'unclear')).toEqual([]);
      const lacking = LACKING['tokens'] ?? /^$/;
      expect(told(report, 'not_applicable').filter((reason) => !lacking.test(reason))).toEqual([]);
    },
    180_000,
  );
});
