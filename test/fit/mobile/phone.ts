import type { MfaClient, SignIn } from 'nestjs-mfa/browser';
import { createMfaClient, isMfaClientError, withStepUp } from 'nestjs-mfa/browser';

/** The phone's keychain, as `expo-secure-store` gives it to you. */
export interface Keychain {
  getItemAsync(key: string): Promise<string | null>;
  setItemAsync(key: string, value: string): Promise<void>;
  deleteItemAsync(key: string): Promise<void>;
}

/** What asks the phone for a passkey, as `react-native-passkeys` does: it takes the options and answers the credential, both as JSON. */
export interface Passkeys {
  create(options: object): Promise<object | null>;
  get(options: object): Promise<object | null>;
}

const HEADER = 'x-mfa-session';
const TOKEN = 'mfa-session';

/** The application's connection to its API. */
export class Api {
  private readonly mfa: MfaClient;

  constructor(
    private readonly url: string,
    private readonly keychain: Keychain,
    private readonly passkeys: Passkeys,
    private readonly askForCode: () => Promise<string>,
  ) {
    this.mfa = createMfaClient({ baseUrl: `${url}/mfa`, sessionHeader: HEADER });
  }

  /** When the application starts: whether somebody is still signed in. */
  async resume(): Promise<boolean> {
    this.mfa.sessionToken = await this.keychain.getItemAsync(TOKEN);
    if (this.mfa.sessionToken === null) return false;
    try {
      if ((await this.mfa.session()).status === 'authenticated') return true;
    } catch (error) {
      // Without a network nobody knows: that is no reason to sign anybody out.
      if (!isMfaClientError(error) || error.status !== 401) throw error;
    }
    // It is over, or was never finished: the next sign-in asks for a new one.
    this.mfa.sessionToken = null;
    await this.keychain.deleteItemAsync(TOKEN);
    return false;
  }

  async signIn(email: string, password: string): Promise<SignIn['status']> {
    const signIn = (await this.post('/login', { email, password })) as SignIn;
    if (signIn.status === 'mfa_required') await this.prove(signIn);
    return (await this.mfa.session()).status;
  }

  async signOut(): Promise<void> {
    await this.mfa.endSession();
    await this.keychain.deleteItemAsync(TOKEN);
  }

  /** Asks again for a second factor where the route wants one, and sends the request once more. */
  readonly fetch = withStepUp(
    (path, init) => this.send(path as string, init),
    (refusal) => this.prove(refusal),
  );

  async addPasskey(name: string): Promise<void> {
    const options = await this.post('/mfa/webauthn/options', { passwordless: true });
    const credential = await this.passkeys.create(options);
    if (credential) await this.post('/mfa/webauthn', { credential, name });
  }

  private async prove({ methods = [] }: { methods?: readonly string[] }): Promise<void> {
    if (!methods.includes('webauthn')) {
      await this.post('/mfa/authenticate', { code: await this.askForCode() });
      return;
    }
    const options = await this.post('/mfa/authenticate/webauthn/options', {});
    await this.post('/mfa/authenticate/webauthn', { credential: await this.passkeys.get(options) });
  }

  private async post(path: string, body: object): Promise<object> {
    const response = await this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as object;
    if (!response.ok) throw Object.assign(new Error(`${path} answers ${response.status}`), answer);
    return answer;
  }

  /** The token changes with each step: what came last is kept. */
  private async send(path: string, init?: RequestInit): Promise<Response> {
    const response = await this.mfa.fetch(this.url + path, init);
    const { sessionToken } = this.mfa;
    if (sessionToken !== null) await this.keychain.setItemAsync(TOKEN, sessionToken);
    return response;
  }
}
