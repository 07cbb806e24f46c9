import type { MfaNotification, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter } from 'nestjs-mfa';

import { Gate } from './gate.js';
import { users } from './test-app.js';

/** Holds requests of half-finished sign-ins after they have read the user's data. */
export class PausingAdapter extends DefaultMfaAdapter {
  static readonly gate = new Gate();

  readonly notifications: MfaNotification[] = [];

  override async findUser(userId: string): Promise<MfaUser | null> {
    await PausingAdapter.gate.pass();
    return users.get(userId) ?? null;
  }

  override sendNotification(notification: MfaNotification): void {
    this.notifications.push(notification);
  }

  /** The responses to the requests when all of them read before any of them writes. */
  static async overlap<T>(
    send: readonly (() => Promise<T>)[],
    meanwhile?: () => Promise<unknown>,
  ): Promise<T[]> {
    PausingAdapter.gate.close();
    const sent = Promise.all(send.map((one) => one()));
    await PausingAdapter.gate.holds(send.length);
    const goOn = PausingAdapter.gate.openForOthers();
    await meanwhile?.();
    goOn();
    return sent;
  }
}
