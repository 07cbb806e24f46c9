import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { SignJWT, exportJWK, generateKeyPair } from 'jose';

/** What the provider says of whoever signs in next. */
export type ToldIdentity = { sub: string } & Record<string, unknown>;

/** An OpenID provider that asks nobody for anything: it says what a test tells it to say. */
export class FakeProvider {
  next: ToldIdentity = { sub: 'nobody' };
  /** Parameters of the last authorization request. */
  asked = new URLSearchParams();
  url = '';
  private readonly keys = generateKeyPair('ES256');
  private readonly codes = new Map<string, { asked: URLSearchParams; identity: ToldIdentity }>();
  private readonly server = createServer((request, response) => void this.serve(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, 'localhost', resolve));
    this.url = `http://localhost:${(this.server.address() as AddressInfo).port}`;
    return this.url;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    if (pathname === '/authorize') {
      response.writeHead(302, { location: this.authorize(searchParams) }).end();
      return;
    }
    const answer =
      pathname === '/token'
        ? await this.exchange(new URLSearchParams(await text(request)))
        : pathname === '/jwks'
          ? { keys: [{ ...(await exportJWK((await this.keys).publicKey)), alg: 'ES256' }] }
          : this.metadata();
    response.writeHead(answer ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }));
  }

  private metadata(): object {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks`,
      end_session_endpoint: `${this.url}/logout`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    };
  }

  private authorize(asked: URLSearchParams): string {
    this.asked = asked;
    const code = randomUUID();
    this.codes.set(code, { asked, identity: this.next });
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString();
    return back.href;
  }

  private async exchange(body: URLSearchParams): Promise<object | null> {
    const code = body.get('code') ?? '';
    const found = this.codes.get(code);
    this.codes.delete(code);
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (!found || found.asked.get('code_challenge') !== challenge) return null;
    const { sub, ...claims } = found.identity;
    const idToken = await new SignJWT({ nonce: found.asked.get('nonce') ?? '', ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(this.url)
      .setSubject(sub)
      .setAudience('example')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign((await this.keys).privateKey);
    return { access_token: randomUUID(), token_type: 'Bearer', id_token: idToken };
  }
}
