import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post } from '@nestjs/common';
import { RequireMfa } from 'nestjs-mfa';
import type { Fetch, StepUpHandler } from 'nestjs-mfa/browser';
import { createMfaClient, withStepUp } from 'nestjs-mfa/browser';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, register } from '../support/ceremonies.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, startTestApp } from '../support/test-app.js';

@Controller('needs')
class NeedsController {
  @Get('both')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  both(): string {
    return 'both';
  }

  @Get('verified')
  @RequireMfa({ userVerified: true })
  verified(): string {
    return 'verified';
  }

  @Post('transfer')
  @RequireMfa({ once: true })
  transfer(): string {
    return 'done';
  }

  @Post('both')
  @RequireMfa({ once: true, allOf: ['totp', 'webauthn'] })
  bothOnce(): string {
    return 'done';
  }
}

describe('the step-up interceptor, where a proof has to show more', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      controllers: [NeedsController],
      mfa: { webauthn: RELYING_PARTY, rateLimit: { attempts: 1000 } },
    });
  });
  afterAll(() => test.close());

  /** Somebody with an app and a key, of which nothing is proven any more. */
  async function page(flags = {}) {
    const user = await enroll(test);
    const key = new SoftwareAuthenticator(flags);
    await register(user.client, key);
    test.clock.advance(3600);
    const seen: unknown[] = [];
    const requests: string[] = [];
    const counting: Fetch = (input, init) => {
      requests.push(input as string);
      return user.client.fetch(input, init);
    };
    const prove: StepUpHandler = async ({ methods = [], needs }) => {
      seen.push([methods, needs]);
      if (methods[0] !== 'totp') await assertKey(user.client, key, { userVerified: true });
      else {
        test.clock.advance(30);
        await createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: user.client.fetch }).authenticate({
          code: codeOf(user.secret, test.clock),
        });
      }
    };
    return { user, key, seen, requests, stepUp: withStepUp(counting, prove), prove, counting };
  }

  it('goes on until each of several factors is proven', async () => {
    const { seen, requests, stepUp } = await page();
    const response = await stepUp(`${test.url}/needs/both`);
    await expect(response.text()).resolves.toBe('both');
    const needs = { allOf: ['totp', 'webauthn'] };
    expect(seen).toEqual([
      [['totp', 'webauthn'], needs],
      [['webauthn'], needs],
    ]);
    expect(requests).toHaveLength(3);
  });

  it('asks again for what a proof has not shown, and for the same not twice', async () => {
    const { user, key, seen, counting, prove } = await page({ userVerified: false });
    const touch = withStepUp(counting, async (refusal) => {
      seen.push([refusal.methods, refusal.needs]);
      await assertKey(user.client, key);
    });
    expect((await touch(`${test.url}/needs/verified`)).status).toBe(401);
    expect(seen).toEqual([[['webauthn'], { userVerified: true }]]);
    expect((await withStepUp(counting, prove)(`${test.url}/needs/verified`)).status).toBe(200);
  });

  it('proves anew for each of several requests that spend it, one after the other', async () => {
    const { seen, stepUp } = await page();
    const transfer = () => stepUp(`${test.url}/needs/transfer`, { method: 'POST' });
    const answers = await Promise.all([transfer(), transfer(), transfer()]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(seen).toHaveLength(3);
  });

  it('proves several factors for one request that spends them', async () => {
    const { seen, stepUp } = await page();
    const transfer = () => stepUp(`${test.url}/needs/both`, { method: 'POST' });
    const answers = await Promise.all([transfer(), transfer()]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(seen).toHaveLength(4);
  });

  it('shares a run where the proof shows enough for both', async () => {
    const { seen, stepUp } = await page();
    await Promise.all([
      stepUp(`${test.url}/needs/verified`),
      stepUp(`${test.url}/protected/phishing-resistant`),
    ]);
    expect(seen.length).toBeLessThanOrEqual(2);
    expect(seen).toContainEqual([['webauthn'], { userVerified: true }]);
  });
});
