import { Inject, Injectable, Logger } from '@nestjs/common';

import { DefaultMfaAdapter } from './default-mfa-adapter.js';
import { MFA_ADAPTER } from './mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { SupportContact } from '../core/users/support-contact.js';
import { readSupportContact } from '../core/users/support-contact.js';

/** Asks the application for its support contact. Errors are logged, and never keep an email from being sent or a page from being shown. */
@Injectable()
export class SupportContacts {
  private readonly logger = new Logger(SupportContacts.name);

  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {}

  async find(user: MfaUser): Promise<SupportContact | null> {
    return this.ask(() => user);
  }

  /** For a user who still has to be looked up. */
  async findById(userId: string): Promise<SupportContact | null> {
    return this.ask(() => this.adapter.findUser(userId));
  }

  private async ask(
    findUser: () => MfaUser | null | Promise<MfaUser | null>,
  ): Promise<SupportContact | null> {
    // Skip the lookup: the default is always null.
    if (this.adapter.getSupportContact === DefaultMfaAdapter.prototype.getSupportContact) return null;
    try {
      const user = await findUser();
      const contact: unknown = user && (await this.adapter.getSupportContact(user));
      return typeof contact === 'string' && contact.trim() !== '' ? readSupportContact(contact) : null;
    } catch (error) {
      this.logger.error(error);
      return null;
    }
  }
}
