import type { ComponentChildren, VNode } from 'preact';

import type { SupportContact } from '../../core/users/support-contact.js';
import type { AuthenticatorView } from '../../engine/authenticators/authenticator-view.js';
import type { MfaPageTexts } from '../../i18n/page-texts.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { RecoveryCodesSummary } from '../../factors/recovery-codes/recovery-codes.service.js';
import type { MfaStatus } from '../../account/user-status.js';
import type { MfaReportedAuthenticator } from '../../account/reported-authenticators.js';
import type { MfaSignedInSession } from '../../account/sessions.service.js';
import type { TrustedDeviceView } from '../../trusted-browsers/trusted-devices.service.js';
import type { PageNeed } from '../../refusals/page-needs.js';
import type { BegunAnswer } from './begun-setups.js';
import type { WebAuthnView } from '../../factors/webauthn/webauthn-details.js';

/** An authenticator with what its factor adds. */
export type ListedAuthenticator = AuthenticatorView & Partial<WebAuthnView> & { destination?: string };

/** What was wrong with a form. */
export interface MfaPageError {
  /** In the language of the page. */
  message: string;
  /** The name of the field it belongs to, if it is one's. */
  field?: string;
  /** When it makes sense to try again, where waiting helps. */
  retryAt?: Date;
}

/** Where a page came from and leads to. */
interface Onward {
  /** A path of the same site to go on to; null: account security. */
  next: string | null;
}

/** What a form shows again when it was refused. */
interface Refusable {
  error: MfaPageError | null;
}

/**
 * A form whose page is out of date, and where to go on. `superseded`: its session goes on under another token, as when it was sent
 * twice; `outdated`: it was made for another session.
 */
export interface OldForm {
  kind: 'superseded' | 'outdated';
  href: string;
}

/** What a page that removes an authenticator says before it does. */
interface Removal {
  /** Whether it is the last second factor. */
  isLast: boolean;
  /** Whether it can't be removed, since its user must have a second factor. */
  isNeeded: boolean;
}

/** A factor of the option `factors`, as pages call it. */
export interface NamedFactor {
  type: MfaType;
  label: string;
}

/** A session, and where that is (the adapter's `getPlace`); null: nobody says. An `ip` that is none is left out. */
export type MfaPlacedSession = MfaSignedInSession & { place: string | null };

/** What each page shows, by its name. */
export interface MfaPageProps {
  index: {
    status: MfaStatus;
    authenticators: readonly ListedAuthenticator[];
    /** What can be added now. */
    offered: readonly MfaType[];
    /** Whether more could be, once the user has verified their email address. */
    mustVerifyEmail: boolean;
    hasTrustedDevices: boolean;
    /** What there is at all here. */
    supportedTypes: readonly MfaType[];
    /** What was just done. */
    notice: string | null;
    /** Whether a key was just removed, so that the browser should be told which ones are left. */
    signalsKeys: boolean;
  };
  authenticate: Onward &
    Refusable & {
      /** What would do here. */
      methods: readonly MfaType[];
      /** Those of them whose codes have to be sent first. */
      sent: readonly NamedFactor[];
      /** What was sent last, and for which of them; null: nothing. */
      challenge: { type: string; answer: BegunAnswer } | null;
      /** Those whose codes the user has, besides authenticator apps and recovery codes. */
      own: readonly NamedFactor[];
      /** What the route demands, for links to the other ways; null: any will do. */
      only: string | null;
      /** What the route demands of the proof besides its type: what was proven before may not show it. */
      needs: readonly PageNeed[];
      /** Whether what stands in for a lost factor, as a recovery code, is asked for in place of the others. */
      byBackup: boolean;
      /** Whether a sign-in is half done, so that it can be given up. */
      isPending: boolean;
      /** How long the proof can make this browser trusted, in days; null: it can't, or the browser is trusted already. */
      trustDays: number | null;
      /** Whether a recovery code can do so too. */
      backupTrusts: boolean;
      digits: number;
      /** What was just done. */
      notice: string | null;
    };
  reauthenticate: Onward &
    Refusable & {
      /** How the user is called; null without a name that they would know. */
      user: string | null;
      /** Whether the application checks passwords for these pages (the adapter's `checkPassword`). */
      canCheckPassword: boolean;
      loginUrl: string | null;
    };
  enrol: Onward & {
    /** What the route demands besides the type of a factor. */
    needs: readonly PageNeed[];
    /** What can be added now. */
    methods: readonly MfaType[];
    /** Whether more could be, once the user has verified their email address. */
    mustVerifyEmail: boolean;
    deadline: Date | null;
    /** How long a code of an authenticator app is valid, in seconds. */
    period: number;
  };
  passkey: Onward & Refusable & { loginUrl: string | null };
  'sign-up': Onward & Refusable & { name: string; loginUrl: string | null };
  'totp/add': Onward &
    Refusable & {
      secret: string;
      /** The QR code as a `data:` URL. */
      qrCode: string;
      /** How wide it has to be shown, in CSS pixels, so that each of its modules is some pixels wide. */
      qrCodeWidth: number;
      expiresAt: Date;
      digits: number;
      name: string;
      isFirst: boolean;
      /** The name of the app whose place it takes; null: none. */
      replaced: string | null;
    };
  'totp/remove': Refusable & { authenticators: readonly ListedAuthenticator[] } & Removal;
  'factors/add': Onward &
    Refusable & {
      /** How the factor is called. */
      label: string;
      /** What the beginning of the set-up was answered with; null: it has not begun. */
      begun: BegunAnswer | null;
      /** Whether its codes are sent. */
      isSent: boolean;
      /** Whether the user is to be told of its risk. */
      isRestricted: boolean;
      name: string;
      isFirst: boolean;
    };
  'factors/remove': Refusable & { authenticators: readonly ListedAuthenticator[] } & Removal;
  'webauthn/add': Onward &
    Refusable & { name: string; passwordless: boolean; offersPasskeys: boolean; isFirst: boolean };
  'webauthn/edit': Refusable & { authenticator: ListedAuthenticator; name: string };
  'webauthn/remove': Refusable & { authenticator: ListedAuthenticator } & Removal;
  'recovery-codes/index': { summary: RecoveryCodesSummary; canGenerate: boolean };
  'recovery-codes/generate': Onward &
    Refusable & {
      /** New codes, shown this once; null: before they are made. */
      codes: readonly string[] | null;
      /** The text of the file to download. */
      file: string;
    };
  'trusted-devices': { devices: readonly TrustedDeviceView[]; notice: string | null };
  sessions: { sessions: readonly MfaPlacedSession[]; notice: string | null };
  lost: Onward &
    Refusable & {
      /** What can be reported; several: which one is asked. */
      authenticators: readonly MfaReportedAuthenticator[];
      /** Whether something was reported before. */
      hasSuspended: boolean;
      /** Whether a sign-in is half done, to which the page leads back. */
      isPending: boolean;
    };
  found: { authenticator: ListedAuthenticator };
  error: {
    message: string | null;
    retryAt: Date | null;
    /** When what was refused was a form whose page is out of date. */
    oldForm: OldForm | null;
  };
}

export type MfaPageName = keyof MfaPageProps;

/** What every page is given besides its own properties. */
export interface MfaPageContext {
  name: MfaPageName;
  title: string;
  /** BCP 47. */
  locale: string;
  dir: 'ltr' | 'rtl';
  texts: MfaPageTexts;
  /** The application's name. */
  site: string;
  /** Whom to ask, if the application says so. */
  support: SupportContact | null;
  homeUrl: string;
  stylesheet: string | null;
  icon: string | null;
  assets: { css: string; script: string };
  /** Prefix of the JSON routes. */
  api: string;
  /** Whether there is a session to sign out of; one that is half done is given up on its own page. */
  isSignedIn: boolean;
  /** To be sent with every form, as `_csrf`. */
  csrfToken: string;
  /** The address of another page, such as `totp/add`. */
  link(page: string, query?: Readonly<Record<string, string | null | undefined>>): string;
  /** A text with its `{…}` filled in; where it has forms for different numbers, the first number of the values decides. */
  fill(text: keyof MfaPageTexts, values?: Readonly<Record<string, string | number>>): string;
  /** Date and time in the page's language, in UTC. */
  formatDate(date: Date): string;
}

/** A page: a component that is rendered on the server only. */
export type MfaPageTemplate<Name extends MfaPageName = MfaPageName> = (
  props: MfaPageProps[Name] & { page: MfaPageContext },
) => VNode;

/** What stands around every page: the whole document, from `<html>` on. */
export type MfaLayout = (props: { page: MfaPageContext; children: ComponentChildren }) => VNode;
