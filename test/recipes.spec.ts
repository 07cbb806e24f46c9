import { describe, expect, it } from '@jest/globals';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Inject, Module } from '@nestjs/common';
import type {
  MfaEncryptionContext,
  MfaModuleOptions,
  MfaSignInContext,
  MfaType,
  MfaUser,
  PublicKeyCredentialRpEntity,
} from 'nestjs-mfa';
import { Authenticator, DefaultMfaAdapter, MfaEvents } from 'nestjs-mfa';
import { toString } from 'qrcode';

import { RELYING_PARTY, codeOf, enroll, halfSignIn, newUserId, startTestApp } from './support/test-app.js';

class BrandedAdapter extends DefaultMfaAdapter {
  override getTotpIssuer(): string {
    return 'My Company';
  }

  override getTotpLabel(user: MfaUser): string {
    return `${user.email ?? user.id} - My Site`;
  }
}

class ImageAdapter extends DefaultMfaAdapter {
  override async buildTotpUrl(user: MfaUser, secret: string): Promise<string> {
    const url = await super.buildTotpUrl(user, secret);
    return `${url}&image=${encodeURIComponent('https://example.com/logo.png')}`;
  }
}

class SturdyQrAdapter extends DefaultMfaAdapter {
  override buildTotpSvg(url: string): Promise<string> {
    return toString(url, { type: 'svg', errorCorrectionLevel: 'H' });
  }
}

class KeepLastAdapter extends DefaultMfaAdapter {
  override async canDeleteAuthenticator({ id, userId, type }: Authenticator): Promise<boolean> {
    if (type === 'recovery_codes') return true;
    const rows = await this.mfa.findAuthenticators(userId);
    return rows.some((row) => row.id !== id && row.type !== 'recovery_codes');
  }
}

class NumberedAdapter extends DefaultMfaAdapter {
  override async generateAuthenticatorName(user: MfaUser, type: MfaType): Promise<string> {
    const rows = await this.mfa.findAuthenticators(String(user.id));
    return `${user.username ?? user.id}'s key #${rows.filter((row) => row.type === type).length + 1}`;
  }
}

class KeyServiceAdapter extends DefaultMfaAdapter {
  override async encrypt(text: string, context?: MfaEncryptionContext): Promise<string> {
    return keyService.encrypt(text, JSON.stringify(context));
  }

  override async decrypt(text: string, context?: MfaEncryptionContext): Promise<string> {
    return keyService.decrypt(text, JSON.stringify(context));
  }
}

class RelyingPartyAdapter extends DefaultMfaAdapter {
  override getPublicKeyCredentialRpEntity(): PublicKeyCredentialRpEntity {
    return { id: 'example.com', name: 'My Application' };
  }
}

/** The application's own. */
const passwords = { changedAt: (_user: MfaUser) => Promise.resolve(new Date(0)) };

class WaryAdapter extends DefaultMfaAdapter {
  override async isNewSignIn(user: MfaUser, signIn: MfaSignInContext): Promise<boolean> {
    const changedAt = await passwords.changedAt(user);
    return (await super.isNewSignIn(user, signIn)) || Number(signIn.lastSignInAt) < changedAt.getTime();
  }
}

class GermanAdapter extends DefaultMfaAdapter {
  override errorMessages = { incorrect_code: 'Falscher Code.' };
}

/** 32 bytes, as from a key management service. */
const APP_KEY = Symbol('APP_KEY');

class CompanyAdapter extends DefaultMfaAdapter {
  constructor(@Inject(APP_KEY) private readonly key: Buffer) {
    super();
  }

  override getTotpIssuer(): string {
    return 'My Company';
  }

  override getTotpLabel(user: MfaUser): string {
    return `${user.email ?? user.id} - My Site`;
  }

  /** AES-256-GCM under a key of your own; the context is authenticated, so that no row can be given to another user. */
  override encrypt(text: string, context?: MfaEncryptionContext): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv);
    cipher.setAAD(Buffer.from(JSON.stringify(context)));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return [iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url')).join('.');
  }

  override decrypt(text: string, context?: MfaEncryptionContext): string {
    const [iv, tag, data] = text.split('.').map((part) => Buffer.from(part, 'base64url')) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const decipher = createDecipheriv('aes-256-gcm', this.key, iv, { authTagLength: 16 });
    decipher.setAAD(Buffer.from(JSON.stringify(context))).setAuthTag(tag);
    return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  }

  /** Keeps the last second factor: recovery codes are none, and it is the other ones that have to remain. */
  override async canDeleteAuthenticator({ id, userId, type }: Authenticator): Promise<boolean> {
    if (type === 'recovery_codes') return true;
    const rows = await this.mfa.findAuthenticators(userId);
    return rows.some((row) => row.id !== id && row.type !== 'recovery_codes');
  }

  override getPublicKeyCredentialRpEntity(): PublicKeyCredentialRpEntity {
    return { id: 'example.com', name: 'My Application' };
  }

  override async generateAuthenticatorName(user: MfaUser, type: MfaType): Promise<string> {
    const rows = await this.mfa.findAuthenticators(String(user.id));
    return `${user.username ?? user.id}'s Key #${rows.filter((row) => row.type === type).length + 1}`;
  }
}

/** Stands in for a key service: it encrypts, and authenticates the context. */
const keyService = {
  key: randomBytes(32),
  encrypt(text: string, context: string): Promise<string> {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(context));
    const parts = [iv, Buffer.concat([cipher.update(text), cipher.final()]), cipher.getAuthTag()];
    return Promise.resolve(parts.map((part) => part.toString('base64')).join(' '));
  },
  decrypt(text: string, context: string): Promise<string> {
    const [iv, data, tag] = text.split(' ').map((part) => Buffer.from(part, 'base64')) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const decipher = createDecipheriv('aes-256-gcm', this.key, iv, { authTagLength: 16 });
    decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
    return Promise.resolve(Buffer.concat([decipher.update(data), decipher.final()]).toString());
  },
};

/** What is imported, name by name, and from where. */
const importsOf = (code: string): string[] =>
  [...code.matchAll(/^import (?:type )?\{([^}]+)\} from '([^']+)'/gm)].flatMap(([, names = '', from]) =>
    names.split(',').map((name) => `${name.replace('type ', '').trim()} from ${from}`),
  );

async function setUp(adapter: MfaModuleOptions['adapter']) {
  const test = await startTestApp({ adapter });
  const id = newUserId();
  const client = test.client();
  await client.post('/login', { id });
  const { body: setup } = await client.post('/mfa/totp');
  const activated = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
  test.clock.advance(60);
  return { test, id, client, setup, authenticator: activated.body.authenticator };
}

describe('the recipes of docs/adapter.md', () => {
  it('are the classes of this file', () => {
    const own = readFileSync(new URL(import.meta.url), 'utf8');
    const [, page = ''] = readFileSync('docs/adapter.md', 'utf8').split('\n## Recipes\n');
    const recipes = [...page.matchAll(/```ts\n((?:import .*\n)*)\n?([\s\S]*?)```/g)];
    expect(recipes).toHaveLength(10);
    for (const [, imports = '', recipe] of recipes) {
      expect(own).toContain(recipe);
      expect(importsOf(own)).toEqual(expect.arrayContaining(importsOf(imports)));
    }
  });

  it('another issuer and label', async () => {
    const { test, id, setup } = await setUp(BrandedAdapter);
    expect(setup.url).toContain(`otpauth://totp/My%20Company:${id}%20-%20My%20Site?`);
    await test.close();
  });

  it('an extra parameter', async () => {
    const { test, setup } = await setUp(ImageAdapter);
    expect(setup.url).toMatch(/&image=https%3A%2F%2Fexample\.com%2Flogo\.png$/);
    await test.close();
  });

  it('another QR code', async () => {
    const { test, setup } = await setUp(SturdyQrAdapter);
    expect(setup.svg).toBe(await toString(setup.url, { type: 'svg', errorCorrectionLevel: 'H' }));
    await test.close();
  });

  it('keep the last factor', async () => {
    const test = await startTestApp({ adapter: KeepLastAdapter, mfa: { totp: { maxPerUser: 2 } } });
    const { client, authenticatorId } = await enroll(test);
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).body.code).toBe(
      'cannot_delete_authenticator',
    );
    const { body: codes } = await client.get('/mfa/authenticators?type=recovery_codes');
    expect((await client.delete(`/mfa/authenticators/${codes[0].id}`)).status).toBe(204);
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    await test.close();
  });

  it('own names', async () => {
    const { test, id, authenticator } = await setUp(NumberedAdapter);
    expect(authenticator.name).toBe(`${id}'s key #1`);
    await test.close();
  });

  it('a key service', async () => {
    const { test, id, setup } = await setUp(KeyServiceAdapter);
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: codeOf(setup.secret, test.clock) })).status).toBe(
      200,
    );
    await test.close();
  });

  it('another relying party', async () => {
    const test = await startTestApp({ adapter: RelyingPartyAdapter, mfa: { webauthn: RELYING_PARTY } });
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const { body } = await client.post('/mfa/webauthn/options');
    expect(body.rp).toEqual({ id: 'example.com', name: 'My Application' });
    await test.close();
  });

  it('browsers that are known from before a password was changed', async () => {
    const test = await startTestApp({ adapter: WaryAdapter, mfa: { newSignIn: { enabled: true } } });
    let told = 0;
    test.app.get(MfaEvents).on('mfa.sign_in.new_browser', () => (told += 1));
    const [id, client] = [newUserId(), test.client()];
    const toldAfter = async () => {
      await client.post('/login', { id });
      return told;
    };
    expect([await toldAfter(), await toldAfter()]).toEqual([1, 1]);
    test.clock.advance(60);
    const now = new Date(test.clock.now());
    passwords.changedAt = () => Promise.resolve(now);
    test.clock.advance(60);
    expect([await toldAfter(), await toldAfter()]).toEqual([2, 2]);
    await test.close();
  });

  it('another language', async () => {
    const { test, id } = await setUp(GermanAdapter);
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: '000000' })).body.message).toBe('Falscher Code.');
    await test.close();
  });

  it('all of it in one class, with a key of its own', async () => {
    @Module({ providers: [{ provide: APP_KEY, useValue: randomBytes(32) }], exports: [APP_KEY] })
    class KeyModule {}
    const test = await startTestApp({
      adapter: { useClass: CompanyAdapter, imports: [KeyModule] },
      mfa: { webauthn: RELYING_PARTY },
    });
    const user = await enroll(test, { username: 'ada' });
    const rows = await test.dataSource.getRepository(Authenticator).findBy({ userId: user.id });
    const { data, name } = rows.find(({ type }) => type === 'totp') as Authenticator;
    expect(name).toBe(`${user.id}'s Key #1`);
    expect(data).not.toMatch(/^v1\./);
    expect(data).not.toContain(user.secret);
    test.clock.advance(30);
    const half = await halfSignIn(test, user);
    expect((await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).status).toBe(
      200,
    );
    expect((await half.delete(`/mfa/authenticators/${user.authenticatorId}`)).body.code).toBe(
      'cannot_delete_authenticator',
    );
    const { body: options } = await half.post('/mfa/webauthn/options');
    expect(options.rp).toEqual({ id: 'example.com', name: 'My Application' });
    await test.close();
  });
});
