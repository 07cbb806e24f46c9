import type { Provider, Type } from '@nestjs/common';

import { PageAssetsController } from './controllers/assets.controller.js';
import { AuthenticatePage } from './controllers/authenticate.page.js';
import { EnrolPage } from './controllers/enrol.page.js';
import { FactorPages } from './controllers/factors.page.js';
import { IndexPage } from './controllers/index.page.js';
import { PasskeyPage } from './controllers/passkey.page.js';
import { ReauthenticatePage } from './controllers/reauthenticate.page.js';
import { RecoveryCodesPages } from './controllers/recovery-codes.page.js';
import { TotpPages } from './controllers/totp.page.js';
import { TrustedDevicesPage } from './controllers/trusted-devices.page.js';
import { WebAuthnPages } from './controllers/webauthn.page.js';
import { BegunSetups } from './begun-setups.js';
import { NewFactorAnswers } from './new-factor-answer.js';
import { OldForms } from './old-forms.js';
import { OfferedFactors } from './offered-factors.js';
import { PageAssets } from './page-assets.js';
import { PageCookies } from './page-cookies.js';
import { PageExceptionFilter } from './page-exception.filter.js';
import { PageFlash } from './page-flash.js';
import { PageForm } from './page-form.js';
import { PageForms } from './page-forms.js';
import { PageLocale } from './page-locale.js';
import { PageRenderer } from './page-renderer.js';
import { PageSupport } from './page-support.js';
import { PageTemplates } from './page-templates.js';
import { TotpSetups } from './totp-setups.js';

export const PAGE_CONTROLLERS: Type[] = [
  PageAssetsController,
  IndexPage,
  AuthenticatePage,
  ReauthenticatePage,
  EnrolPage,
  PasskeyPage,
  TotpPages,
  FactorPages,
  WebAuthnPages,
  RecoveryCodesPages,
  TrustedDevicesPage,
];

/** What the pages need, and nothing else does. */
export const PAGE_PROVIDERS: Provider[] = [
  BegunSetups,
  NewFactorAnswers,
  OfferedFactors,
  OldForms,
  PageAssets,
  PageCookies,
  // Also for what never reaches a page.
  PageExceptionFilter,
  PageFlash,
  PageForm,
  PageForms,
  PageLocale,
  PageRenderer,
  PageSupport,
  PageTemplates,
  TotpSetups,
];
