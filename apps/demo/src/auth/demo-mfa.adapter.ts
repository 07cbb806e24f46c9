import { Inject, Injectable } from '@nestjs/common';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter } from 'nestjs-mfa';

import { UsersService, toMfaUser } from '../users/users.service.js';

/** Shows the MFA module the demo's users. */
@Injectable()
export class DemoMfaAdapter extends DefaultMfaAdapter {
  constructor(@Inject(UsersService) private readonly users: UsersService) {
    super();
  }

  override async findUser(userId: string): Promise<MfaUser | null> {
    const user = await this.users.findById(userId);
    return user && toMfaUser(user);
  }
}
