import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { MfaFactorOption, MfaModuleOptions, MfaPagesOptions } from 'nestjs-mfa';
import { emailCode, smsCode } from 'nestjs-mfa';

import { DEFAULT_DATABASE_URL, dataFolder, databaseOptions } from './database.js';
import { readMfaEnvironment } from './mfa-environment.js';
import { loadOrCreateSecret } from './secret.js';

export interface DemoConfig {
  port: number;
  database: TypeOrmModuleOptions;
  mfa: MfaModuleOptions;
}

/** The library's pages as a part of this site. */
const PAGES: MfaPagesOptions = {
  loginUrl: '/login',
  homeUrl: '/',
  stylesheet: '/demo.css',
  icon: '/logo.svg',
};

/** What the environment says, with the demo's defaults. */
export function readConfig(environment: NodeJS.ProcessEnv): DemoConfig {
  const url = environment['DATABASE_URL'] || DEFAULT_DATABASE_URL;
  const port = Number(environment['PORT'] || 3000);
  const given = readMfaEnvironment(environment);
  const { secret = loadOrCreateSecret(dataFolder(url)), totp, webauthn, factors, ...options } = given;
  const localhost = {
    rpId: 'localhost',
    rpName: 'nestjs-mfa demo',
    origins: [`http://localhost:${port}`],
    allowInsecureOrigin: true,
  };
  // On, unless something is off that they need; `MFA_PAGES=false` switches them off.
  const { pages = options.controllers !== false && options.session?.cookie !== false } = options;
  return {
    port,
    database: databaseOptions(url),
    mfa: {
      locales: ['en', 'de'],
      reauthenticateUrl: '/auth/reauthenticate',
      ...options,
      factors: factorsOf((factors ?? []) as unknown as string[]),
      secret,
      pages: pages === true ? PAGES : pages,
      totp: { issuer: 'nestjs-mfa demo', ...totp },
      webauthn: { ...localhost, ...webauthn },
    },
  };
}

/** What `MFA_FACTORS` may name. */
const FACTORS: Readonly<Record<string, () => MfaFactorOption>> = {
  email_code: emailCode,
  sms_code: smsCode,
};

/** @throws {Error} for a name that is none of these */
function factorsOf(names: readonly string[]): MfaFactorOption[] {
  return names.map((name) => {
    const make = Object.hasOwn(FACTORS, name) ? FACTORS[name] : undefined;
    if (!make)
      throw new Error(`MFA_FACTORS takes ${Object.keys(FACTORS).join(', ')}; ${name} is none of these`);
    return make();
  });
}
