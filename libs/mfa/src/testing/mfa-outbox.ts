import { setTimeout as pause } from 'node:timers/promises';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import type { MfaMessage } from '../adapter/message.js';
import type { MfaNotification, MfaNotificationType } from '../core/users/notification.js';
import type { MfaUser } from '../core/users/mfa-user.js';

const LONGEST_WAIT_MS = 1000;
const PAUSE_MS = 10;

/** A notification, and whom it is for. */
export interface MfaSentNotification extends MfaNotification {
  user: MfaUser;
}

/** What users would have been sent: the tests' letter box. Nothing in it has left the process. */
export class MfaOutbox {
  /** Mails about changes, the oldest first. No request waits for them: see {@link waitFor}. */
  readonly notifications: MfaSentNotification[] = [];
  /** Codes by e-mail, text message and the like, the oldest first. */
  readonly messages: MfaMessage[] = [];
  private readonly adapters = new WeakSet<DefaultMfaAdapter>();

  /** The newest code that was sent to this user; undefined without one. */
  lastCode(user: Pick<MfaUser, 'id'>): string | undefined {
    return this.messages.findLast((message) => message.user.id === user.id)?.code;
  }

  /**
   * The newest notification of that kind, which may still be on its way.
   *
   * @throws {Error} when none has come after a second
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

  /** Forgets what was sent so far. */
  clear(): void {
    this.notifications.length = 0;
    this.messages.length = 0;
  }

  /** @internal Takes what this adapter would send, in place of its own `sendNotification()` and `sendMessage()`. */
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
