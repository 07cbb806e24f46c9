import type { MfaClient } from '../../browser/index.js';
import { createMfaClient } from '../../browser/index.js';

/** The prefix of the JSON routes, from the page. */
export const apiPath = (): string => document.body.dataset['mfaApi'] ?? '/mfa';

export const client = (): MfaClient => createMfaClient({ baseUrl: apiPath() });
