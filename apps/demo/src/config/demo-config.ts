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

/** Settings that integrate the library's pages into this site. */
const PAGES: MfaPagesOptions = {
  loginUrl: '/login',
  homeUrl: '/',
  stylesheet: '/demo.css',
  icon: '/logo.svg',
};

/** Reads the configuration from the environment, with the demo's defaults. */
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
  // Pages are on by default, unless something they need is off. `MFA_PAGES=false` turns them off.
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

/** The factors that `MFA_FACTORS` can name. */
const FACTORS: Readonly<Record<string, () => MfaFactorOption>> = {
  email_code: emailCode,
  sms_code: smsCode,
};

/** @throws {Error} for an unknown name */
function factorsOf(names: readonly string[]): MfaFactorOption[] {
  return names.map((name) => {
    const make = Object.hasOwn(FACTORS, name) ? FACTORS[name] : undefined;
    if (!make)
      throw new Error(
        `MFA_FACTORS must list ${Object.keys(FACTORS).join(', ')}; ${name} is not one of these`,
      );
    return make();
  });
}
