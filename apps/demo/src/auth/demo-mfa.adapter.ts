import { Inject, Injectable } from '@nestjs/common';
import type { MfaMessage, MfaNotification, MfaSignUp, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter } from 'nestjs-mfa';

import { isAddress } from './dto.js';
import { MailerService } from '../mail/mailer.service.js';
import { UsersService, toMfaUser } from '../users/users.service.js';

/** Connects the MFA module to the demo's users. */
@Injectable()
export class DemoMfaAdapter extends DefaultMfaAdapter {
  constructor(
    @Inject(UsersService) private readonly users: UsersService,
    @Inject(MailerService) private readonly mailer: MailerService,
  ) {
    super();
  }

  override async findUser(userId: string): Promise<MfaUser | null> {
    const user = await this.users.findById(userId);
    return user && toMfaUser(user);
  }

  /** For `MFA_PASSKEY_SIGN_UP`. An address that is taken or invalid is refused like a failed ceremony. */
  override async createUser({ name }: MfaSignUp): Promise<MfaUser | null> {
    const email = name.trim().toLowerCase();
    const user = isAddress(email) ? await this.users.registerUnlessTaken(email) : null;
    return user && toMfaUser(user);
  }

  override async discardUser({ id }: MfaUser): Promise<void> {
    await this.users.remove(String(id));
  }

  /** For the library's page `reauthenticate`. */
  override async checkPassword({ id, email }: MfaUser, password: string): Promise<boolean> {
    return (await this.users.check(email ?? '', password))?.id === id;
  }

  /** For the factors of `MFA_FACTORS`. */
  override async sendMessage(message: MfaMessage): Promise<void> {
    await this.mailer.sendMessage(message);
  }

  override async sendNotification(notification: MfaNotification, { email }: MfaUser): Promise<void> {
    if (email) await this.mailer.send(email, notification);
  }
}
