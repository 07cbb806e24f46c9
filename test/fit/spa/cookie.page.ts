import { createMfaClient } from 'nestjs-mfa/browser';

import { API } from './config.js';
import { startPage } from './page.js';

const mfa = createMfaClient({ baseUrl: `${API}/mfa`, credentials: 'include' });
const send = (path: string, init?: RequestInit) => fetch(API + path, { ...init, credentials: 'include' });

startPage(mfa, send);
