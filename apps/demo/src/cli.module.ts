import type { DynamicModule } from '@nestjs/common';

import { readConfig } from './config/demo-config.js';
import { DemoModule } from './demo.module.js';

/** The demo's module for the CLI: `npx nestjs-mfa --app apps/demo/dist/cli.module.js status <user>`. */
export default function cliModule(): DynamicModule {
  process.env['NODE_ENV'] ??= 'development';
  return DemoModule.forRoot(readConfig(process.env));
}
