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

/** An authenticator with the details that its factor adds. */
export type ListedAuthenticator = AuthenticatorView & Partial<WebAuthnView> & { destination?: string };

/** The error of a form. */
export interface MfaPageError {
  /** In the language of the page. */
  message: string;
  /** The name of the field that it is about, if any. */
  field?: string;
  /** When trying again makes sense, if waiting helps. */
  retryAt?: Date;
}

/** Where a page leads on to. */
interface Onward {
  /** A path on the same site to continue to; null for account security. */
  next: string | null;
}

/** What a form shows after it was refused. */
interface Refusable {
  error: MfaPageError | null;
}

/**
 * A form on an outdated page, and where to continue. `superseded`: its session continues under another token, for example because it was
 * sent twice. `outdated`: it was made for another session.
 */
export interface OldForm {
  kind: 'superseded' | 'outdated';
  href: string;
}

/** What a page says before it removes an authenticator. */
interface Removal {
  /** Whether it is the last second factor. */
  isLast: boolean;
  /** Whether it can't be removed, because its user must have a second factor. */
  isNeeded: boolean;
}

/** A factor of the option `factors`, with its label. */
export interface NamedFactor {
  type: MfaType;
  label: string;
}

/** A factor that has to challenge the user before its code can be entered. */
export interface ChallengingFactor extends NamedFactor {
  /** Whether the challenge is a message with the code. Otherwise the page shows it. */
  isMessage: boolean;
}

/** A session, and its place according to the adapter's `getPlace`; null if that isn't known. An invalid `ip` is left out. */
export type MfaPlacedSession = MfaSignedInSession & { place: string | null };

/** The properties of each page, by its name. */
export interface MfaPageProps {
  index: {
    status: MfaStatus;
    authenticators: readonly ListedAuthenticator[];
    /** The types that the user can add now. */
    offered: readonly MfaType[];
    /** Whether more become available once the user has verified their email address. */
    mustVerifyEmail: boolean;
    /** The ids of authenticators that no longer work because the user's address or number has changed. */
    voids: readonly string[];
    hasTrustedDevices: boolean;
    /** All types that the application supports. */
    supportedTypes: readonly MfaType[];
    /** What the user has just done. */
    notice: string | null;
    /** Whether a key was just removed, so that the browser should be told which ones are left. */
    signalsKeys: boolean;
  };
  authenticate: Onward &
    Refusable & {
      /** The accepted types. */
      methods: readonly MfaType[];
      /** Those whose codes have to be sent or asked for first. */
      sent: readonly ChallengingFactor[];
      /** The latest challenge of this session, and its type; null if there was none. */
      challenge: { type: string; answer: BegunAnswer } | null;
      /** Those whose codes the user has at hand, other than authenticator apps and recovery codes. */
      own: readonly NamedFactor[];
      /** The types that the route requires, for links to the other options; null for any. */
      only: string | null;
      /** What the route requires of the proof besides its type. An earlier proof may not show it. */
      needs: readonly PageNeed[];
      /** Whether the page asks for a factor that replaces lost ones, such as a recovery code, instead of the others. */
      byBackup: boolean;
      /** Whether a sign-in is half-finished, so that it can be cancelled. */
      isPending: boolean;
      /** For how many days the proof can make this browser trusted; null if it can't, or the browser is trusted already. */
      trustDays: number | null;
      /** Whether a recovery code can do so, too. */
      backupTrusts: boolean;
      digits: number;
      /** What the user has just done. */
      notice: string | null;
    };
  reauthenticate: Onward &
    Refusable & {
      /** The user's name; null if there is none that they would recognize. */
      user: string | null;
      /** Whether the application checks passwords for these pages (the adapter's `checkPassword`). */
      canCheckPassword: boolean;
      loginUrl: string | null;
    };
  enrol: Onward & {
    /** What the route requires besides the type of a factor. */
    needs: readonly PageNeed[];
    /** The types that the user can add now. */
    methods: readonly MfaType[];
    /** Whether more become available once the user has verified their email address. */
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
      /** Its display width in CSS pixels, so that each of its modules is several pixels wide. */
      qrCodeWidth: number;
      expiresAt: Date;
      digits: number;
      name: string;
      isFirst: boolean;
      /** The name of the app that it replaces; null for none. */
      replaced: string | null;
    };
  'totp/remove': Refusable & { authenticators: readonly ListedAuthenticator[] } & Removal;
  'factors/add': Onward &
    Refusable & {
      /** The factor's label. */
      label: string;
      /** The factor's answer to the new set-up; null if it hasn't begun. */
      begun: BegunAnswer | null;
      /** Whether its codes are sent. */
      isSent: boolean;
      /** Whether users must be told about its risk. */
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
      /** New codes, shown only now; null before they are generated. */
      codes: readonly string[] | null;
      /** The text of the file to download. */
      file: string;
    };
  'trusted-devices': { devices: readonly TrustedDeviceView[]; notice: string | null };
  sessions: { sessions: readonly MfaPlacedSession[]; notice: string | null };
  lost: Onward &
    Refusable & {
      /** The authenticators that can be reported. If there are several, the page asks which one. */
      authenticators: readonly MfaReportedAuthenticator[];
      /** Whether something was already reported. */
      hasSuspended: boolean;
      /** Whether a sign-in is half-finished, to which the page leads back. */
      isPending: boolean;
    };
  found: { authenticator: ListedAuthenticator };
  error: {
    message: string | null;
    retryAt: Date | null;
    /** Set if the refused form was on an outdated page. */
    oldForm: OldForm | null;
  };
}

export type MfaPageName = keyof MfaPageProps;

/** What every page receives besides its own properties. */
export interface MfaPageContext {
  name: MfaPageName;
  title: string;
  /** BCP 47. */
  locale: string;
  dir: 'ltr' | 'rtl';
  texts: MfaPageTexts;
  /** The application's name. */
  site: string;
  /** The support contact, if the application names one. */
  support: SupportContact | null;
  homeUrl: string;
  stylesheet: string | null;
  icon: string | null;
  assets: { css: string; script: string };
  /** Prefix of the JSON routes. */
  api: string;
  /** Whether there is a session to sign out of. A half-finished sign-in is cancelled on its own page. */
  isSignedIn: boolean;
  /** Sent with every form, as `_csrf`. */
  csrfToken: string;
  /** Returns the URL of another page, such as `totp/add`. */
  link(page: string, query?: Readonly<Record<string, string | null | undefined>>): string;
  /** Returns a text with its `{…}` filled in. If it has plural forms, the first number among the values chooses one. */
  fill(text: keyof MfaPageTexts, values?: Readonly<Record<string, string | number>>): string;
  /** Formats date and time in the page's language, in UTC. */
  formatDate(date: Date): string;
}

/** A page: a component that is only rendered on the server. */
export type MfaPageTemplate<Name extends MfaPageName = MfaPageName> = (
  props: MfaPageProps[Name] & { page: MfaPageContext },
) => VNode;

/** The document around every page, from `<html>` on. */
export type MfaLayout = (props: { page: MfaPageContext; children: ComponentChildren }) => VNode;
