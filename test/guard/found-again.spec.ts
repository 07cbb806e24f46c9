import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { Controller, Get, Injectable } from '@nestjs/common';
import { MfaGuard, RequireMfa } from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { enroll, startTestApp } from '../support/test-app.js';

/** Looks for the request where it is not always found. */
@Injectable()
class LookingGuard extends MfaGuard {
  static looked = 0;
  static failsAt: (time: number) => boolean = () => false;

  protected override getRequest(context: ExecutionContext): object | Promise<object> {
    LookingGuard.looked += 1;
    if (LookingGuard.failsAt(LookingGuard.looked)) throw new Error('the place is away');
    return super.getRequest(context);
  }
}

@Controller('looked-for')
class LookedForController {
  static called = 0;

  @Get()
  @RequireMfa({}, LookingGuard)
  get(): object {
    LookedForController.called += 1;
    return {};
  }
}

describe('a guard that is asked again whether the user is still there', () => {
  let test: TestApp;
  let client: Client;
  beforeAll(async () => {
    test = await startTestApp({ controllers: [LookedForController] });
    ({ client } = await enroll(test));
  });
  afterAll(() => test.close());
  beforeEach(() => {
    LookingGuard.looked = 0;
    LookedForController.called = 0;
    LookingGuard.failsAt = () => false;
  });

  /** How often it looks where nothing fails. */
  async function usually(): Promise<number> {
    expect((await client.get('/looked-for')).status).toBe(200);
    const { looked } = LookingGuard;
    LookingGuard.looked = 0;
    return looked;
  }

  it('judges anew where it can’t find out, and passes when it can', async () => {
    const looks = await usually();
    LookingGuard.failsAt = (time) => time === 2;
    expect((await client.get('/looked-for')).status).toBe(200);
    expect(LookingGuard.looked).toBe(looks + 1);
  });

  it('refuses where it never can', async () => {
    LookingGuard.failsAt = (time) => time >= 2;
    expect((await client.get('/looked-for')).status).toBe(500);
    expect(LookedForController.called).toBe(0);
  });
});
