import { Inject, Injectable } from '@nestjs/common';

import { userIdOf } from '../../core/users/mfa-user.js';
import { open, seal } from '../../core/crypto/envelope.js';
import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { VisibleKeys } from '../../engine/keys/visible-keys.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';

/** Whose form it is: the session's, else the user's, else a visitor's. */
export type FormOwner = Pick<MfaRequest, 'user' | 'session'>;

interface OwnerIds {
  userId: string;
  /** Empty without a session. */
  sessionId: string;
}

const CONTEXT: MfaEncryptionContext = { purpose: 'page-form', userId: '', recordId: '' };

/**
 * The tokens of the forms, against requests that another site forges (OWASP CSRF Prevention: signed double submit). A
 * token is an envelope that says for whom it was made; it differs each time, so that compression tells nothing of it.
 */
@Injectable()
export class PageForms {
  constructor(@Inject(VisibleKeys) private readonly keys: VisibleKeys) {}

  async tokenFor(owner: FormOwner): Promise<string> {
    return seal(await this.keys.ring(), JSON.stringify(idsOf(owner)), CONTEXT);
  }

  /** @throws {MfaException} `cross_origin` unless the form came from a page of this session */
  async assertToken(token: unknown, owner: FormOwner): Promise<void> {
    const made = await this.ownerOf(token);
    const { userId, sessionId } = idsOf(owner);
    if (made?.userId !== userId || made.sessionId !== sessionId) throw new MfaException('cross_origin');
  }

  /** For whom the form was made; null when it was not made here. */
  async ownerOf(token: unknown): Promise<OwnerIds | null> {
    const ring = await this.keys.ring();
    try {
      return typeof token === 'string' ? (JSON.parse(open(ring, token, CONTEXT)) as OwnerIds) : null;
    } catch {
      // Forged, or under a key that is gone.
      return null;
    }
  }
}

/** What binds an envelope to its owner. */
export function ownedBy(owner: FormOwner, purpose: string): MfaEncryptionContext {
  const { userId, sessionId } = idsOf(owner);
  return { purpose, userId, recordId: sessionId };
}

function idsOf({ user, session }: FormOwner): OwnerIds {
  return { userId: user ? userIdOf(user) : (session?.userId ?? ''), sessionId: session?.id ?? '' };
}
