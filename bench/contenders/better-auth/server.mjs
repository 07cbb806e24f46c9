import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { twoFactor } from 'better-auth/plugins';

import { serve } from '../support/serve.mjs';
import { startBetterAuth } from './start.mjs';

const library = { betterAuth, getMigrations, fromNodeHeaders, toNodeHandler };

await serve((settings) => startBetterAuth(library, [twoFactor()], settings));
