import type { MfaFactor, MfaFactorContext, MfaFactorDefinition, MfaNewMessage, MfaUser } from 'nestjs-mfa';

const NOW = Date.UTC(2026, 0, 1);

/** A factor that works without an application, and what it sends. Its hashes are the fields themselves. */
export function connectSender({ useFactory }: MfaFactorDefinition): {
  factor: MfaFactor;
  sent: MfaNewMessage[];
} {
  const factor = useFactory();
  const sent: MfaNewMessage[] = [];
  factor.connect({
    clock: { now: () => NOW },
    send: (_user: MfaUser, message: MfaNewMessage) => {
      sent.push(message);
      return Promise.resolve({ nextAt: new Date(NOW) });
    },
    hash: (...fields: string[]) => fields.join('|'),
    isHashOf: (hash: string, ...fields: string[]) => hash === fields.join('|'),
  } as unknown as MfaFactorContext);
  return { factor, sent };
}
