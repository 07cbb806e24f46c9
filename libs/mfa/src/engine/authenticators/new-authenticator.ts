import { Authenticator } from '../rows/authenticator.entity.js';
import { fittingName } from '../../core/users/authenticator-name.js';

type Given = Pick<Authenticator, 'id' | 'userId' | 'type' | 'name' | 'createdAt'> & Partial<Authenticator>;

/** For a name of which nothing is seen. */
const NAMELESS = 'Authenticator';

/** A row that has never failed and, unless something else is given, was never used and keeps no data of its own. */
export function newAuthenticator(given: Given): Authenticator {
  return Object.assign(new Authenticator(), {
    data: '',
    lastUsedAt: null,
    failures: 0,
    lockedAt: null,
    clonedAt: null,
    unlockCodes: 0,
    unlockCodeAt: null,
    lastStep: null,
    remaining: null,
    seal: null,
    ...given,
    name: fittingName(given.name) || NAMELESS,
  });
}
