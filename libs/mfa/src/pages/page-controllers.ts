import type { Provider, Type } from '@nestjs/common';

import { AuthenticatePage } from './controllers/authenticate.page.js';
import { EnrolPage } from './controllers/enrol.page.js';
import { FactorRemovalPages } from './controllers/factor-removal.page.js';
import { FactorPages } from './controllers/factors.page.js';
import { KeyPages } from './controllers/key.page.js';
import { IndexPage } from './controllers/index.page.js';
import { LostPages } from './controllers/lost.page.js';
import { PasskeyPage } from './controllers/passkey.page.js';
import { ReauthenticatePage } from './controllers/reauthenticate.page.js';
import { RecoveryCodesPages } from './controllers/recovery-codes.page.js';
import { SessionsPage } from './controllers/sessions.page.js';
import { SignUpPage } from './controllers/sign-up.page.js';
import { TotpPages } from './controllers/totp.page.js';
import { TrustedDevicesPage } from './controllers/trusted-devices.page.js';
import { WebAuthnPages } from './controllers/webauthn.page.js';
import { AskedProofs } from './frame/asked-proofs.js';
import { BegunSetups } from './frame/begun-setups.js';
import { CodeFactors } from './frame/code-factors.js';
import { FactorRemoval } from './frame/factor-removal.js';
import { NewFactorAnswers } from './frame/new-factor-answer.js';
import { OldForms } from './frame/old-forms.js';
import { OfferedFactors } from './frame/offered-factors.js';
import { PageAssets } from './frame/page-assets.js';
import { PageCookies } from './frame/page-cookies.js';
import { PageExceptionFilter } from './render/page-exception.filter.js';
import { PageFlash } from './frame/page-flash.js';
import { PageForm, CsrfTokens } from './frame/page-form.js';
import { PageLocale } from './frame/page-locale.js';
import { PageRenderer } from './render/page-renderer.js';
import { PageSupport } from './frame/page-support.js';
import { PageTemplates } from './render/page-templates.js';
import { RecoveryCodeFile } from './frame/recovery-code-file.js';
import { TotpSetups } from './frame/totp-setups.js';

/** One controller per page. The style sheet and the script are added separately. */
export const PAGE_CONTROLLERS: Type[] = [
  IndexPage,
  AuthenticatePage,
  ReauthenticatePage,
  EnrolPage,
  PasskeyPage,
  SignUpPage,
  TotpPages,
  FactorPages,
  FactorRemovalPages,
  WebAuthnPages,
  KeyPages,
  RecoveryCodesPages,
  TrustedDevicesPage,
  SessionsPage,
  LostPages,
];

/** Providers that only the pages need. */
export const PAGE_PROVIDERS: Provider[] = [
  AskedProofs,
  BegunSetups,
  CodeFactors,
  FactorRemoval,
  NewFactorAnswers,
  OfferedFactors,
  OldForms,
  PageAssets,
  PageCookies,
  // Also used for requests that never reach a page.
  PageExceptionFilter,
  PageFlash,
  PageForm,
  CsrfTokens,
  PageLocale,
  PageRenderer,
  PageSupport,
  PageTemplates,
  RecoveryCodeFile,
  TotpSetups,
];
