import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { MfaModuleOptions, PagesOptions } from 'nestjs-mfa';

import { DEFAULT_DATABASE_URL, dataFolder, databaseOptions } from './database.js';
import { readMfaEnvironment } from './mfa-environment.js';
import { loadOrCreateSecret } from './secret.js';

export interface DemoConfig {
  port: number;
  database: TypeOrmModuleOptions;
  mfa: MfaModuleOptions;
}

/** The library's pages as a part of this site. */
const PAGES: PagesOptions = { loginUrl: '/login', homeUrl: '/', stylesheet: '/demo.css' };

/** What the environment says, with the demo's defaults. */
export function readConfig(environment: NodeJS.ProcessEnv): DemoConfig {
  const url = environment['DATABASE_URL'] || DEFAULT_DATABASE_URL;
  const port = Number(environment['PORT'] || 3000);
  const given = readMfaEnvironment(environment);
  const { secret = loadOrCreateSecret(dataFolder(url)), totp, webauthn, ...options } = given;
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
      secret,
      pages: pages === true ? PAGES : pages,
      totp: { issuer: 'nestjs-mfa demo', ...totp },
      webauthn: { ...localhost, ...webauthn },
    },
  };
}
