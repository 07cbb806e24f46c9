import { timingSafeEqual } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING, keyedHash } from '../../core/crypto/key-ring.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { textsOf } from '../../i18n/choose-texts.js';
import { writeMessage } from '../journal/notification-text.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { FactorTables } from '../authenticators/factor-tables.js';
import { purposeOfColumn } from '../rows/factor-table.js';
import type { MfaFactorContext, MfaFactorPlace, MfaNewMessage } from './factor-context.js';
import { MessageBudget } from './message-budget.js';

/** What all factors work with. */
@Injectable()
export class FactorTools implements Omit<MfaFactorContext, 'encrypt' | 'decrypt'> {
  private readonly logger = new Logger('MfaMessages');

  constructor(
    @Inject(MFA_OPTIONS) readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) readonly clock: MfaClock,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MessageBudget) private readonly budget: MessageBudget,
    @Inject(FactorTables) private readonly tables: FactorTables,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
  ) {}

  /** Returns the context for the factor of that type. */
  of(type: MfaType): MfaFactorContext {
    const contextOf = (place: MfaFactorPlace) => this.envelopeContext(type, place);
    return {
      options: this.options,
      clock: this.clock,
      hash: (...fields) => this.hash(...fields),
      isHashOf: (hash, ...fields) => this.isHashOf(hash, ...fields),
      // Both are async so that an invalid place rejects, just as an adapter's own errors do.
      encrypt: async (text, place) => this.adapter.encrypt(text, contextOf(place)),
      decrypt: async (envelope, place) => this.adapter.decrypt(envelope, contextOf(place)),
      send: (user, message) => this.send(user, message),
    };
  }

  hash(...fields: string[]): string {
    return keyedHash(this.keyRing.current('code').key, ...fields);
  }

  isHashOf(hash: string, ...fields: string[]): boolean {
    const given = Buffer.from(hash, 'hex');
    return this.keyRing.all('code').some((key) => {
      const right = Buffer.from(keyedHash(key, ...fields), 'hex');
      return right.length === given.length && timingSafeEqual(right, given);
    });
  }

  async send(user: MfaUser, message: MfaNewMessage): Promise<{ nextAt: Date }> {
    const { channel, to, code, ttlSeconds, limit } = message;
    const taken = await this.budget.take(userIdOf(user), limit);
    try {
      // Not the language of the request, which may come from a stranger.
      const locale = await this.adapter.getLocale(user);
      const texts = textsOf(locale, this.options.locales);
      const text = writeMessage(texts, { site: await this.adapter.getSiteName(), code, ttlSeconds });
      const send = message.send ?? ((one) => this.adapter.sendMessage(one));
      await send({ channel, to, text, code, user, locale: texts.locale });
    } catch (error) {
      // A sender's error may contain the message, and with it the code.
      this.logger.error(
        `A code could not be sent (${channel}): ${error instanceof Error ? error.name : 'no error'}`,
      );
      await this.storage.commit([this.budget.planGivingBack(taken)]);
      throw new MfaException('message_not_sent');
    }
    return { nextAt: taken.nextAt };
  }

  private envelopeContext(type: MfaType, { column, userId, key }: MfaFactorPlace): MfaEncryptionContext {
    const isKnown = this.tables.all.some((table) => table.type === type && table.encrypted?.includes(column));
    if (!isKnown) throw new TypeError(`No table of the factor ${type} lists \`${column}\` in \`encrypted\``);
    return { purpose: purposeOfColumn(type, column), userId, recordId: key };
  }
}
