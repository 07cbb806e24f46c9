import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/**
 * Whether there is a browser to test with. In CI there must be one: tests that need it always run, and fail without it.
 */
export const hasChromium = existsSync(EXECUTABLE) || process.env['CI'] === 'true';

if (!hasChromium) {
  process.stdout.write(`Browser tests are skipped: there is no ${EXECUTABLE} (set CHROMIUM_PATH)\n`);
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/**
 * A browser context shared by the tests of a file, each of which starts without cookies. A context per test takes twice
 * as long: the browser starts a process for it, which compiles every script again.
 */
export class SharedContext {
  private constructor(
    private readonly context: BrowserContext,
    /** Keeps the process for this origin alive between tests. */
    private readonly anchor: Page,
  ) {}

  /** @param url any URL of the application under test */
  static async open(browser: Browser, url: string, options?: BrowserContextOptions): Promise<SharedContext> {
    const context = await browser.newContext(options);
    const anchor = await context.newPage();
    await anchor.goto(url);
    return new SharedContext(context, anchor);
  }

  /** The context in its initial state: the previous test's pages are closed. */
  async begin(): Promise<BrowserContext> {
    for (const page of this.context.pages()) if (page !== this.anchor) await page.close();
    await this.context.clearCookies();
    return this.context;
  }
}

/** A credential inside a virtual authenticator, as the DevTools protocol describes it. */
export interface VirtualCredential {
  credentialId: string;
  isResidentCredential: boolean;
  privateKey: string;
  rpId?: string;
  userHandle?: string;
  signCount: number;
}

/** What a virtual authenticator can do, and what it claims about the credentials it creates. */
export interface VirtualAuthenticatorTraits {
  transport: 'usb' | 'internal';
  /** Whether it stores discoverable credentials. */
  hasResidentKey: boolean;
  /** Whether it verifies its user. Verification succeeds until `setUserVerified` says otherwise. */
  hasUserVerification: boolean;
  /** The flag BE. Default: false. */
  backupEligible?: boolean;
  /** The flag BS. Default: false. */
  backedUp?: boolean;
}

const KINDS = {
  usb: { transport: 'usb', hasResidentKey: false, hasUserVerification: false },
  internal: { transport: 'internal', hasResidentKey: true, hasUserVerification: true },
} as const;

/** Chromium's virtual authenticator, through the DevTools protocol. */
export class VirtualAuthenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /**
   * @param kind a USB key without user verification, a platform authenticator that stores passkeys and verifies its
   * user, or custom traits
   */
  static async add(
    page: Page,
    kind: keyof typeof KINDS | VirtualAuthenticatorTraits,
  ): Promise<VirtualAuthenticator> {
    const traits: VirtualAuthenticatorTraits = typeof kind === 'string' ? KINDS[kind] : kind;
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: traits.transport,
        hasResidentKey: traits.hasResidentKey,
        hasUserVerification: traits.hasUserVerification,
        isUserVerified: traits.hasUserVerification,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: traits.backupEligible ?? false,
        defaultBackupState: traits.backedUp ?? false,
      },
    });
    return new VirtualAuthenticator(session, authenticatorId);
  }

  async credentials(): Promise<VirtualCredential[]> {
    const { authenticatorId } = this;
    return (await this.session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  }

  /** Whether the next user verification succeeds. */
  async setUserVerified(isUserVerified: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }

  /** Whether it behaves as if touched. */
  async setPresent(enabled: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  }

  /** Sets what its only credential claims about backups (flags BE and BS). */
  async setBackup(backupEligibility: boolean, backupState: boolean): Promise<void> {
    const { authenticatorId } = this;
    const [credential] = await this.credentials();
    if (!credential) throw new Error('The virtual authenticator is empty');
    const { credentialId } = credential;
    await this.session.send('WebAuthn.setCredentialProperties', {
      authenticatorId,
      credentialId,
      backupEligibility,
      backupState,
    });
  }

  async addCredential(credential: VirtualCredential): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.addCredential', { authenticatorId, credential });
  }

  /** Replaces the credential by a copy with another counter. */
  async replaceCredential(credential: VirtualCredential, signCount: number): Promise<void> {
    const { authenticatorId } = this;
    const { credentialId } = credential;
    await this.session.send('WebAuthn.removeCredential', { authenticatorId, credentialId });
    await this.addCredential({ ...credential, signCount });
  }

  async remove(): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    await this.session.detach();
  }
}
