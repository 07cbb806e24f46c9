import type { MfaClient } from '../../browser/index.js';
import { createMfaClient } from '../../browser/index.js';

/** Prefix of the JSON routes, as the page says. */
export const apiPath = (): string => document.body.dataset['mfaApi'] ?? '/mfa';

export const client = (): MfaClient => createMfaClient({ baseUrl: apiPath() });
