import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import type { INestApplicationContext } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { MFA_PATH } from '../../options/addresses.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MFA_DATA_SOURCE } from '../../storage/mfa-storage.js';
import { checkAdapter } from './check-adapter.js';
import { checkAddress } from './check-address.js';
import { checkDatabase } from './check-database.js';
import { checkOptions } from './check-options.js';
import { checkPackages } from './check-packages.js';
import { checkSecret } from './check-secret.js';
import { explainBoot } from './explain-boot.js';
import type { Finding } from './finding.js';
import { problem } from './finding.js';

export interface DoctorOptions {
  /** The compiled file of the root module. */
  file: string;
  /** Boots the application. */
  boot: () => Promise<INestApplicationContext>;
  /** The site's public address. */
  url?: string;
}

/** Examines an application, whether or not it boots. */
export async function examine({ file, boot, url }: DoctorOptions): Promise<Finding[]> {
  const folder = applicationFolder(file);
  const packages = checkPackages(folder);
  let app: INestApplicationContext;
  try {
    app = await boot();
  } catch (error) {
    return [...packages, ...explainBoot(error), ...checkSecret(folder, null)];
  }
  try {
    return [...packages, ...(await examineBooted(app, { file, folder, url }))];
  } finally {
    await app.close();
  }
}

async function examineBooted(
  app: INestApplicationContext,
  { file, folder, url }: { file: string; folder: string; url: string | undefined },
): Promise<Finding[]> {
  const find = <T>(token: symbol): T => app.get<T>(token, { strict: false });
  let options: ResolvedMfaOptions;
  try {
    options = find(MFA_OPTIONS);
  } catch {
    const remedy =
      'Run `npx nest add nestjs-mfa`, or follow the README of the package ("Add it to an application")';
    return [problem('The application starts, but does not import MfaModule', remedy)];
  }
  return [
    ...checkSecret(folder, options.secrets),
    ...(await checkDatabase(find(MFA_DATA_SOURCE))),
    ...checkOptions(options, dirname(resolve(file))),
    ...checkAdapter(find<DefaultMfaAdapter>(MFA_ADAPTER)),
    ...(url === undefined
      ? []
      : await checkAddress(url, find<string>(MFA_PATH), options.webauthn?.origins ?? [])),
  ];
}

/** The closest folder above the file that has a `package.json`. */
function applicationFolder(file: string): string {
  for (let at = dirname(resolve(file)); at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
  }
  return process.cwd();
}
