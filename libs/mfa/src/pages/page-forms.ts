import { Inject, Injectable } from '@nestjs/common';

import { userIdOf } from '../adapter/mfa-user.js';
import { open, seal } from '../crypto/envelope.js';
import type { EncryptionContext } from '../crypto/envelope.js';
import { MfaException } from '../errors/mfa-exception.js';
import { VisibleKeys } from '../keys/visible-keys.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';

/** Whose form it is: the session's, else the user's, else a visitor's. */
export type FormOwner = Pick<MfaRequestContext, 'user' | 'session'>;

/**
 * The tokens of the forms, against requests that another site forges (OWASP CSRF Prevention: signed double submit). A
 * token is an envelope that opens for its session only; it differs each time, so that compression tells nothing of it.
 */
@Injectable()
export class PageForms {
  constructor(@Inject(VisibleKeys) private readonly keys: VisibleKeys) {}

  async tokenFor(owner: FormOwner): Promise<string> {
    return seal(await this.keys.ring(), 'form', ownedBy(owner, 'page-form'));
  }

  /** @throws {MfaException} `cross_origin` unless the form came from a page of this session */
  async assertToken(token: unknown, owner: FormOwner): Promise<void> {
    const ring = await this.keys.ring();
    try {
      if (typeof token === 'string' && open(ring, token, ownedBy(owner, 'page-form')) === 'form') return;
    } catch {
      // Forged, of another session, or under a secret that is gone: refused like none.
    }
    throw new MfaException('cross_origin');
  }
}

/** What binds an envelope to its owner. */
export function ownedBy({ user, session }: FormOwner, purpose: string): EncryptionContext {
  const userId = user ? userIdOf(user) : (session?.userId ?? '');
  return { purpose, userId, recordId: session?.id ?? '' };
}
