import type { TotpCodeParameters } from '../../core/virtual-authenticators/code-of-secret.js';
import { codeOfSecret } from '../../core/virtual-authenticators/code-of-secret.js';
import type { AttackAnswer } from '../target/attack-answer.js';
import { textOf } from '../target/attack-answer.js';

/** A user's authenticator app, as set up by the target. */
export class AuthenticatorApp {
  readonly secret: string;
  readonly period: number;
  readonly digits: number;
  /** The newest time step whose code was used. */
  lastStep = 0;
  private readonly parameters: TotpCodeParameters;

  /** @param setup the response of `POST /mfa/totp` */
  constructor({ body }: AttackAnswer) {
    this.secret = textOf(body['secret']);
    const url = textOf(body['url']);
    const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
    this.period = Number(query.get('period') ?? 30);
    this.digits = Number(query.get('digits') ?? 6);
    const algorithm = (query.get('algorithm') ?? 'sha1').toLowerCase() as 'sha1';
    this.parameters = { digits: this.digits, period: this.period, algorithm };
  }

  stepAt(now: number): number {
    return Math.floor(now / 1000 / this.period);
  }

  codeOf(step: number): string {
    return codeOfSecret(this.secret, step * this.period * 1000, this.parameters);
  }
}
