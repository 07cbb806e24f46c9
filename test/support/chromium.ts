import { existsSync } from 'node:fs';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Whether there is a browser to test with. In CI there has to be one: tests that need it then run, and fail without. */
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

/** A credential inside a virtual authenticator, as the DevTools protocol describes it. */
export interface VirtualCredential {
  credentialId: string;
  isResidentCredential: boolean;
  privateKey: string;
  rpId?: string;
  userHandle?: string;
  signCount: number;
}

/** Chromium's virtual authenticator, through the DevTools protocol. */
export class VirtualAuthenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /** @param kind a USB key that verifies nobody, or a device's own authenticator that keeps passkeys and verifies its user */
  static async add(page: Page, kind: 'usb' | 'internal'): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const isInternal = kind === 'internal';
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: kind,
        hasResidentKey: isInternal,
        hasUserVerification: isInternal,
        isUserVerified: isInternal,
        automaticPresenceSimulation: true,
      },
    });
    return new VirtualAuthenticator(session, authenticatorId);
  }

  async credentials(): Promise<VirtualCredential[]> {
    const { authenticatorId } = this;
    return (await this.session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  }

  /** Whether the next verification of its user works. */
  async setUserVerified(isUserVerified: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }

  /** Whether it acts as if touched. */
  async setPresent(enabled: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  }

  /** Puts a copy of the credential in its place, with another counter. */
  async replaceCredential(credential: VirtualCredential, signCount: number): Promise<void> {
    const { authenticatorId } = this;
    const { credentialId } = credential;
    await this.session.send('WebAuthn.removeCredential', { authenticatorId, credentialId });
    await this.session.send('WebAuthn.addCredential', {
      authenticatorId,
      credential: { ...credential, signCount },
    });
  }

  async remove(): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  }
}
