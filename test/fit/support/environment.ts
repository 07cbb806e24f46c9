import { randomBytes } from 'node:crypto';

// What the applications of this folder read from their environment while they load: import it before them.
process.env['MFA_SECRET'] = randomBytes(32).toString('base64');
