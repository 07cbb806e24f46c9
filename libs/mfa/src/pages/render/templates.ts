import type { MfaPageName, MfaPageTemplate } from '../frame/page-props.js';
import Authenticate from '../templates/authenticate.js';
import Enrol from '../templates/enrol.js';
import ErrorPage from '../templates/error.js';
import AddFactor from '../templates/factors/add.js';
import RemoveFactor from '../templates/factors/remove.js';
import Found from '../templates/found.js';
import Index from '../templates/index.js';
import Lost from '../templates/lost.js';
import Passkey from '../templates/passkey.js';
import Reauthenticate from '../templates/reauthenticate.js';
import GenerateRecoveryCodes from '../templates/recovery-codes/generate.js';
import RecoveryCodes from '../templates/recovery-codes/index.js';
import SignUp from '../templates/sign-up.js';
import Sessions from '../templates/sessions.js';
import AddTotp from '../templates/totp/add.js';
import RemoveTotp from '../templates/totp/remove.js';
import TrustedDevices from '../templates/trusted-devices.js';
import AddKey from '../templates/webauthn/add.js';
import EditKey from '../templates/webauthn/edit.js';
import RemoveKey from '../templates/webauthn/remove.js';

/** The module's pages, by name. */
export const TEMPLATES: { [Name in MfaPageName]: MfaPageTemplate<Name> } = {
  index: Index,
  authenticate: Authenticate,
  reauthenticate: Reauthenticate,
  enrol: Enrol,
  passkey: Passkey,
  'sign-up': SignUp,
  'totp/add': AddTotp,
  'totp/remove': RemoveTotp,
  'factors/add': AddFactor,
  'factors/remove': RemoveFactor,
  'webauthn/add': AddKey,
  'webauthn/edit': EditKey,
  'webauthn/remove': RemoveKey,
  'recovery-codes/index': RecoveryCodes,
  'recovery-codes/generate': GenerateRecoveryCodes,
  'trusted-devices': TrustedDevices,
  sessions: Sessions,
  lost: Lost,
  found: Found,
  error: ErrorPage,
};
