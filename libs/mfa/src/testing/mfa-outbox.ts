import { setTimeout as pause } from 'node:timers/promises';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import type { MfaMessage } from '../adapter/message.js';
import type { MfaNotification, MfaNotificationType } from '../core/users/notification.js';
import type { MfaUser } from '../core/users/mfa-user.js';

const LONGEST_WAIT_MS = 1000;
const PAUSE_MS = 10;

/** A notification and its recipient. */
export interface MfaSentNotification extends MfaNotification {
  user: MfaUser;
}

/** Collects what would have been sent to users. Nothing in it has left the process. */
export class MfaOutbox {
  /** Notifications of changes, oldest first. Requests don't wait for them: see {@link waitFor}. */
  readonly notifications: MfaSentNotification[] = [];
  /** Codes sent by email, text message and so on, oldest first. */
  readonly messages: MfaMessage[] = [];
  private readonly adapters = new WeakSet<DefaultMfaAdapter>();

  /** The latest code sent to this user, if any. */
  lastCode(user: Pick<MfaUser, 'id'>): string | undefined {
    return this.messages.findLast((message) => message.user.id === user.id)?.code;
  }

  /**
   * The latest notification of that type, waiting for it if necessary.
   *
   * @throws {Error} when none arrives within a second
   */
  async waitFor(type: MfaNotificationType): Promise<MfaSentNotification> {
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += PAUSE_MS) {
      const found = this.notifications.findLast((one) => one.type === type);
      if (found) return found;
      await pause(PAUSE_MS);
    }
    const others = this.notifications.map((one) => one.type).join(', ') || 'nothing';
    throw new Error(`No notification of the type ${type} was sent, but ${others}`);
  }

  /** Clears everything sent so far. */
  clear(): void {
    this.notifications.length = 0;
    this.messages.length = 0;
  }

  /**
   * Captures what this adapter would send, instead of its own `sendNotification()` and `sendMessage()`.
   *
   * @internal
   */
  collect<T extends DefaultMfaAdapter>(adapter: T): T {
    if (this.adapters.has(adapter)) return adapter;
    this.adapters.add(adapter);
    adapter.sendNotification = (notification, user) => {
      this.notifications.push({ ...notification, user });
    };
    adapter.sendMessage = (message) => {
      this.messages.push(message);
    };
    return adapter;
  }
}
