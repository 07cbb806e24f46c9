import { Inject, Injectable } from '@nestjs/common';

import type { SupportContact } from '../../core/users/support-contact.js';
import { SupportContacts } from '../../adapter/support-contacts.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';

/** The support contact on the pages. */
@Injectable()
export class PageSupport {
  constructor(@Inject(SupportContacts) private readonly contacts: SupportContacts) {}

  /** Finds the contact for a signed-in user, or one with a half-finished sign-in. Visitors have none. */
  async findFor({ user, session }: MfaRequest): Promise<SupportContact | null> {
    if (user) return this.contacts.find(user);
    return session ? this.contacts.findById(session.userId) : null;
  }
}
