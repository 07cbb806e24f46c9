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
  const { secret = loadOrCreateSecret(dataFolder(url)), totp, ...options } = readMfaEnvironment(environment);
  return {
    port: Number(environment['PORT'] || 3000),
    database: databaseOptions(url),
    mfa: { ...options, secret, totp: { issuer: 'nestjs-mfa demo', ...totp } },
  };
}
