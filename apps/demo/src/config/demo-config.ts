import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { MfaModuleOptions } from 'nestjs-mfa';

import { DEFAULT_DATABASE_URL, dataFolder, databaseOptions } from './database.js';
import { readMfaEnvironment } from './mfa-environment.js';
import { loadOrCreateSecret } from './secret.js';

export interface DemoConfig {
  port: number;
  database: TypeOrmModuleOptions;
  mfa: MfaModuleOptions;
}

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
  return {
    port,
    database: databaseOptions(url),
    mfa: {
      locales: ['en', 'de'],
      ...options,
      secret,
      totp: { issuer: 'nestjs-mfa demo', ...totp },
      webauthn: { ...localhost, ...webauthn },
    },
  };
}
