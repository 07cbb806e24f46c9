import { createMfaClient } from 'nestjs-mfa/browser';

import { API } from './config.js';
import { startPage } from './page.js';

const mfa = createMfaClient({ baseUrl: `${API}/mfa`, sessionHeader: 'x-mfa-session' });
const send = (path: string, init?: RequestInit) => mfa.fetch(API + path, init);

startPage(mfa, send);
