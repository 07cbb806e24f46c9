import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import type { MfaNotificationType } from '../adapter/notification.js';
import type { Authenticator } from '../authenticators/authenticator.entity.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';

/** Tells the owner of an account of changes, through the adapter, after they were committed. */
@Injectable()
export class MfaNotifier {
  private readonly logger = new Logger(MfaNotifier.name);

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Sends without waiting: a slow or broken mailer must not hold up or undo what has happened. */
  notify(
    type: MfaNotificationType,
    user: MfaUser,
    { type: authenticatorType, name, remaining }: Pick<Authenticator, 'type' | 'name' | 'remaining'>,
  ): void {
    const notification = {
      type,
      at: this.clock.now(),
      authenticatorType,
      authenticatorName: name,
      ...(remaining === null ? {} : { remaining }),
    };
    Promise.resolve()
      .then(() => this.adapter.sendNotification(notification, user))
      .catch((error: unknown) => {
        this.logger.error(
          `A notification (${type}) could not be sent: ${error instanceof Error ? error.message : ''}`,
        );
      });
  }
}
