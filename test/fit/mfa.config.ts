import { registerAs } from '@nestjs/config';
import type { MfaBehaviourOptions } from 'nestjs-mfa';

/** What differs from one environment to the other. */
export const mfaConfig = registerAs('mfa', (): MfaBehaviourOptions => ({
  // One secret or several, separated by commas: the first one writes, all of them read.
  secret: process.env['MFA_SECRET']?.split(',') ?? [],
  webauthn: {
    rpId: new URL(process.env['APP_URL'] ?? '').hostname,
    rpName: 'Example',
    origins: [process.env['APP_URL'] ?? ''],
  },
  gracePeriodSeconds: Number(process.env['MFA_GRACE_PERIOD_SECONDS'] ?? 300),
}));
