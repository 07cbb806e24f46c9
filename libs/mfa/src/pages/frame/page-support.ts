import { Inject, Injectable } from '@nestjs/common';

import type { SupportContact } from '../../core/users/support-contact.js';
import { SupportContacts } from '../../adapter/support-contacts.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';

/** Whom the pages send their readers to. */
@Injectable()
export class PageSupport {
  constructor(@Inject(SupportContacts) private readonly contacts: SupportContacts) {}

  /** For a signed-in user, and for one whose sign-in is half done; of a visitor there is nothing to ask. */
  async findFor({ user, session }: MfaRequest): Promise<SupportContact | null> {
    if (user) return this.contacts.find(user);
    return session ? this.contacts.findById(session.userId) : null;
  }
}
