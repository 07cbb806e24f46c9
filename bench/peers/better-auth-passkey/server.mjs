import { passkey } from '@better-auth/passkey';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';

import { startBetterAuth } from '../../contenders/better-auth/start.mjs';
import { RELYING_PARTY } from '../../contenders/support/relying-party.mjs';
import { serve } from '../../contenders/support/serve.mjs';

const library = { betterAuth, getMigrations, fromNodeHeaders, toNodeHandler };
const keys = passkey({ rpID: RELYING_PARTY.id, rpName: RELYING_PARTY.name, origin: RELYING_PARTY.origin });

await serve((settings) => startBetterAuth(library, [keys], settings));
