import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { AuthenticatorList } from '../engine/authenticators/authenticator-list.js';
import { textsOf } from '../i18n/choose-texts.js';
import { factorLabel } from '../i18n/factor-label.js';
import type { PageAddresses } from '../options/addresses.js';
import { MFA_PAGES } from '../options/addresses.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { MfaPageLinks } from '../refusals/page-links.js';
import { pageTextsOf } from '../i18n/fill-text.js';
import { isBackupType } from '../core/policy/methods.js';
import type { MfaType } from '../core/policy/methods.js';
import { MfaService } from '../account/mfa.service.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';

/** A second factor, as shown by the application's templates. */
export interface MfaViewAuthenticator {
  id: string;
  type: MfaType;
  /** The kind of factor in the user's language, such as `Authenticator app`. */
  typeName: string;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  locked: boolean;
}

/** URLs of the pages (option `pages`). */
export interface MfaViewLinks {
  security: string;
  addTotp: string;
  addKey: string;
  recoveryCodes: string;
  trustedDevices: string;
}

/** What a template needs to show how the user's account is protected. */
export interface MfaViewData {
  /** Whether the user has a second factor. */
  enabled: boolean;
  /** Whether they must have a second factor. */
  required: boolean;
  /** Whether a second factor was proven recently enough in this session. */
  verified: boolean;
  /** The user's second factors, oldest first. */
  authenticators: MfaViewAuthenticator[];
  recoveryCodes: { total: number; remaining: number };
  /** Null without the option `pages`. */
  links: MfaViewLinks | null;
}

/** Provides data for the application's own views: Handlebars, EJS, Pug and the like. */
@Injectable()
export class MfaViewService {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(MfaPageLinks) private readonly pageLinks: MfaPageLinks,
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Returns the protection of the request's user; null if there is no user. */
  async dataOf(request: object): Promise<MfaViewData | null> {
    const { user, session } = await this.contexts.resolve(request);
    if (!user) return null;
    const { enabled, required, verified, recoveryCodes } = await this.mfa.status(user, session);
    const language = textsOf(await this.adapter.getLocale(user, request), this.options.locales);
    const words = { locale: language.locale, texts: pageTextsOf(language) };
    const listed = await this.authenticators.find(user);
    return {
      enabled,
      required,
      verified,
      authenticators: listed
        .filter(({ type }) => !isBackupType(type))
        .map(({ id, type, name, createdAt, lastUsedAt, locked }) => {
          return { id, type, typeName: factorLabel(type, words), name, createdAt, lastUsedAt, locked };
        }),
      recoveryCodes,
      links: this.pages && this.links(),
    };
  }

  private links(): MfaViewLinks {
    return {
      security: this.pageLinks.to('index'),
      addTotp: this.pageLinks.to('totp/add'),
      addKey: this.pageLinks.to('webauthn/add'),
      recoveryCodes: this.pageLinks.to('recovery-codes'),
      trustedDevices: this.pageLinks.to('trusted-devices'),
    };
  }
}
