import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { VirtualAuthenticatorTraits } from './chromium.js';
import { eventually } from './eventually.js';
import { Marionette } from './marionette.js';

const EXECUTABLE = process.env['FIREFOX_PATH'] ?? '/usr/bin/firefox-esr';

/** Whether there is a Firefox to test with. In CI there must be one. */
export const hasFirefox = existsSync(EXECUTABLE) || process.env['CI'] === 'true';

if (!hasFirefox) {
  process.stdout.write(`Tests in Firefox are skipped: there is no ${EXECUTABLE} (set FIREFOX_PATH)\n`);
}

/** Generous, since the machine may be busy. */
const PATIENCE_MS = 30_000;
/** The key by which WebDriver identifies elements. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

const PREFERENCES = {
  // Any free port; Firefox writes it to its profile.
  'marionette.port': 0,
  // Only authenticators created by WebDriver.
  'security.webauth.webauthn_enable_softtoken': true,
  'security.webauth.webauthn_enable_usbtoken': false,
  // No requests to other hosts.
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.server': '',
};

/** Headless Firefox, driven from outside like a person would: by its forms, buttons and links. */
export class Firefox {
  private constructor(
    private readonly profile: string,
    private readonly process: ChildProcess,
    private readonly marionette: Marionette,
    private readonly origin: string,
  ) {}

  /** @param origin of the application, to which paths are relative */
  static async launch(origin: string): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'firefox-'));
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const process = spawn(
      EXECUTABLE,
      // Only clients with system access can read the console.
      ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', profile],
      { stdio: 'ignore', env: { ...globalThis.process.env, HOME: profile } },
    );
    try {
      const marionette = await eventually(
        'Firefox that listens',
        () => connect(profile, process),
        PATIENCE_MS,
      );
      const firefox = new Firefox(profile, process, marionette, origin);
      await marionette.send('WebDriver:NewSession', { capabilities: { alwaysMatch: {} } });
      await marionette.send('WebDriver:SetTimeouts', {
        implicit: PATIENCE_MS,
        pageLoad: PATIENCE_MS,
        script: PATIENCE_MS,
      });
      return firefox;
    } catch (error) {
      process.kill('SIGKILL');
      rmSync(profile, { recursive: true, force: true });
      throw error;
    }
  }

  async open(path: string): Promise<void> {
    await this.marionette.send('WebDriver:Navigate', { url: this.origin + path });
  }

  /** Waits until the page with this path has loaded. */
  async at(path: string): Promise<void> {
    const look = async () => {
      const { value } = await this.marionette.send<{ value: string }>('WebDriver:GetCurrentURL');
      return (
        new URL(value).pathname === path && (await this.run('return document.readyState')) === 'complete'
      );
    };
    await eventually(`page ${path}`, look, PATIENCE_MS);
  }

  /** Types into the field with that name. */
  async fill(name: string, text: string): Promise<void> {
    const id = await this.find(`//main//input[@name="${name}"]`);
    await this.marionette.send('WebDriver:ElementClear', { id });
    await this.marionette.send('WebDriver:ElementSendKeys', { id, text });
  }

  /** Clicks the button, link or checkbox label with this text. */
  async press(text: string): Promise<void> {
    const matches = `normalize-space()="${text}"`;
    const id = await this.find(`//main//*[(self::button or self::a or self::label) and ${matches}]`);
    await this.marionette.send('WebDriver:ElementClick', { id });
  }

  /** The text of the first element that matches the selector. */
  async text(selector: string): Promise<string> {
    const using = 'css selector';
    const { value } = await this.marionette.send<Found>('WebDriver:FindElement', { using, value: selector });
    const id = value[ELEMENT];
    return (await this.marionette.send<{ value: string }>('WebDriver:GetElementText', { id })).value;
  }

  /** Waits until the page shows this text. */
  async says(text: string): Promise<void> {
    await this.find(`//main//*[contains(normalize-space(), "${text}")]`);
  }

  /** Runs a script in the page. */
  async run<Value>(script: string): Promise<Value> {
    const parameters = { script, args: [] };
    return (await this.marionette.send<{ value: Value }>('WebDriver:ExecuteScript', parameters)).value;
  }

  /** @returns handles to remove the authenticator and to list its credentials */
  async addAuthenticator({
    transport,
    hasResidentKey,
    hasUserVerification,
  }: VirtualAuthenticatorTraits): Promise<FirefoxAuthenticator> {
    const { value: authenticatorId } = await this.marionette.send<{ value: string }>(
      'WebAuthn:AddVirtualAuthenticator',
      {
        protocol: 'ctap2_1',
        transport,
        hasResidentKey,
        hasUserVerification,
        isUserVerified: hasUserVerification,
        isUserConsenting: true,
      },
    );
    return {
      credentials: async () => {
        const name = 'WebAuthn:GetCredentials';
        return (await this.marionette.send<{ value: object[] }>(name, { authenticatorId })).value;
      },
      remove: async () => {
        await this.marionette.send('WebAuthn:RemoveVirtualAuthenticator', { authenticatorId });
      },
    };
  }

  /** Errors of scripts on the application's pages, and violations of their content security policy. */
  async problems(): Promise<string[]> {
    await this.marionette.send('Marionette:SetContext', { value: 'chrome' });
    const problems = await this.run<string[]>(`
      return Services.console.getMessageArray()
        .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag))
        .filter(({ sourceName }) => sourceName.startsWith('${this.origin}'))
        .map(({ errorMessage, sourceName }) => errorMessage + ' (' + sourceName + ')');`);
    await this.marionette.send('Marionette:SetContext', { value: 'content' });
    return problems;
  }

  async close(): Promise<void> {
    const gone = once(this.process, 'exit');
    await this.marionette.send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => undefined);
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), PATIENCE_MS);
    await gone;
    clearTimeout(impatience);
    this.marionette.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  private async find(xpath: string): Promise<string> {
    const using = 'xpath';
    const { value } = await this.marionette.send<Found>('WebDriver:FindElement', { using, value: xpath });
    return value[ELEMENT];
  }
}

export interface FirefoxAuthenticator {
  credentials: () => Promise<object[]>;
  remove: () => Promise<void>;
}

interface Found {
  value: { [ELEMENT]: string };
}

/** Null until it listens; it announces its port slightly earlier. */
async function connect(profile: string, { exitCode }: ChildProcess): Promise<Marionette | null> {
  if (exitCode !== null) throw new Error(`Firefox ended with ${exitCode}`);
  const file = join(profile, 'MarionetteActivePort');
  if (!existsSync(file)) return null;
  return Marionette.connect(Number(readFileSync(file, 'utf8'))).catch(() => null);
}
