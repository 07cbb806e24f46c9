/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  MfaBegunChallenge,
  MfaBegunSetup,
  MfaFactorProof,
  MfaFactorTraits,
  MfaFactorVerdict,
} from 'nestjs-mfa';
import { MfaFactor } from 'nestjs-mfa';

import { PAGES, startPageApp } from '../../pages/support.js';
import { textOf } from '../../support/html.js';
import { PageClient } from '../../support/page-client.js';
import type { TestApp } from '../../support/test-app.js';
import { halfSignIn, newUserId } from '../../support/test-app.js';

const PATH = `${PAGES}/authenticate`;
const CARD: Record<string, string> = { A1: '111111', B2: '222222', C3: '333333' };

/** A printed card of codes: the page names the field whose code it wants. */
class GridCardFactor extends MfaFactor {
  static readonly traits = { type: 'grid_card', label: 'Grid card' } as unknown as MfaFactorTraits;
  private asked = 0;

  begin(): MfaBegunSetup {
    return { data: 'x', expiresAt: this.soon(), answer: { field: 'A1' } };
  }

  activate(code: string): 'wrong' | MfaFactorProof {
    return code === CARD['A1'] ? { data: 'x' } : 'wrong';
  }

  override challenge(): MfaBegunChallenge {
    this.asked += 1;
    const field = this.asked % 2 === 1 ? 'B2' : 'C3';
    const answer = { field, hint: ['<b>top</b>', 7], nested: { shown: 'never' } };
    return { data: field, expiresAt: this.soon(), answer };
  }

  verify(code: string, { challenge }: { challenge: { data: string } | null }): MfaFactorVerdict {
    return challenge && code === CARD[challenge.data] ? {} : 'wrong';
  }

  private soon(): Date {
    return new Date(this.mfa.clock.now() + 600_000);
  }
}

describe('the challenge of a factor of the application’s own, on the page', () => {
  let test: TestApp;
  let id: string;

  beforeAll(async () => {
    test = await startPageApp({ mfa: { factors: [GridCardFactor] } });
    const client = test.client();
    id = newUserId();
    await client.post('/login', { id });
    await client.post('/mfa/factors/grid_card');
    const { status } = await client.post('/mfa/factors/grid_card/activate', { code: '111111' });
    expect(status).toBe(201);
  });
  afterAll(() => test.close());

  it('is asked for, shown, and answered', async () => {
    const browser = PageClient.of(await halfSignIn(test, { id }));
    const before = await browser.get(PATH);
    expect(textOf(before.text)).toContain('Continue with: Grid card');
    expect(before.text).not.toContain('name="code"');

    expect((await browser.submit(PATH, { send: 'grid_card' })).status).toBe(303);
    const asked = await browser.get(PATH);
    const shown = textOf(asked.text);
    expect(shown).toMatch(/field: B2 hint: .*7 Enter the code: Grid card.* Start again: Grid card/);
    expect(shown).not.toMatch(/message|never/i);
    expect(asked.text).toContain('&lt;b>top');

    expect((await browser.submit(PATH, { send: 'grid_card' })).status).toBe(303);
    expect(textOf((await browser.get(PATH)).text)).toContain('field: C3');
    const wrong = await browser.submit(PATH, { code: '222222' });
    expect([wrong.status, textOf(wrong.text)]).toEqual([422, expect.stringContaining('field: C3')]);
    expect((await browser.submit(PATH, { code: '333333' })).status).toBe(303);
    expect((await browser.get('/protected')).status).toBe(200);
  });

  it('is shown to the session that asked for it alone', async () => {
    const browser = PageClient.of(await halfSignIn(test, { id }));
    await browser.submit(PATH, { send: 'grid_card' });
    expect(textOf((await browser.get(PATH)).text)).toContain('field:');
    const other = PageClient.of(await halfSignIn(test, { id }));
    for (const [name, value] of browser.cookies) {
      if (name.includes('mfa_challenge')) other.cookies.set(name, value);
    }
    expect(textOf((await other.get(PATH)).text)).not.toContain('field:');
  });
});
