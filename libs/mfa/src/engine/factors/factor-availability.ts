import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { isAway } from '../../core/errors/is-away.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { AuthenticationRecord, MfaType } from '../../core/policy/methods.js';
import { isOverSameChannel, traitsOf } from '../../core/policy/methods.js';
import { missingOption } from '../../options/needed-option.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { FactorData } from './factor-judge.js';
import { FactorRegistry } from './factor-registry.js';
import { ProfileFloor } from './profile-floor.js';

/** Decides which of a user's authenticators work now, given who the user is and how they signed in. */
@Injectable()
export class FactorAvailability {
  private readonly logger = new Logger(FactorAvailability.name);
  /** The types that nobody can use, as far as they were reported. */
  private readonly reported = new Set<MfaType>();

  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * The types of which the user has at least one authenticator that works now.
   *
   * @param records what the session holds: codes sent over the channel of its first factor prove nothing more
   */
  async usableTypes(
    user: MfaUser,
    rows: readonly Authenticator[],
    records: readonly AuthenticationRecord[] = [],
  ): Promise<MfaType[]> {
    const usable: Authenticator[] = [];
    for (const row of await this.floor.admitted(rows)) {
      if (!isOverSameChannel(row.type, records) && (await this.isUsable(user, row))) usable.push(row);
    }
    return this.authenticators.usableTypes(usable);
  }

  /** Whether this authenticator works now: it is not locked, and its factor agrees. */
  async isUsable(user: MfaUser, row: Authenticator): Promise<boolean> {
    if (this.authenticators.isLocked(row)) return false;
    if (traitsOf(row.type) === undefined) {
      return this.report(row.type, 'there is no such factor', 'Add it to the option `factors` again');
    }
    const missing = missingOption(row.type, this.options);
    if (missing !== undefined) {
      return this.report(row.type, `the option \`${missing}\` is not set`, 'Set it again');
    }
    const factor = this.registry.find(row.type);
    if (!factor?.isUsable) return true;
    try {
      return await factor.isUsable(user, await this.data.open(row));
    } catch (error) {
      if (isAway(error)) throw error;
      // A problem with one row must not keep the user's other factors from working.
      this.logger.error(`Could not tell whether ${row.id} (${row.type}) works: ${messageOf(error)}`);
      return false;
    }
  }

  /** Once per type: there may be many of them. */
  private report(type: MfaType, problem: string, remedy: string): false {
    if (!this.reported.has(type)) {
      this.reported.add(type);
      this.logger.error(
        `There are authenticators of type ${type}, but ${problem}. They can't be used, and their users still owe a second factor. ${remedy}`,
      );
    }
    return false;
  }
}
