import type { Keys } from './keys.js';
import { Refusal } from './refusal.js';
import type { Authenticator, State, User } from './state.js';

type Json = Record<string, unknown>;

/** Accounts that begin with a passkey. */
export class SignUps {
  constructor(
    private readonly state: State,
    private readonly keys: Keys,
  ) {}

  options(name: string): Json {
    const options = this.keys.options('registration', this.strangerOf(name));
    const taken = this.userOf(name)?.authenticators ?? [];
    const excludeCredentials = taken.map(({ credentialId }) => ({ id: credentialId, type: 'public-key' }));
    return this.state.has('tells-taken-names') ? { ...options, excludeCredentials } : options;
  }

  async finish(name: string, credential: Json, headers: Json): Promise<[User, Authenticator]> {
    const { state } = this;
    const known = this.userOf(name);
    const user = known ?? state.newUser({ id: name, email: name });
    try {
      if (known && !state.has('signs-up-over-accounts')) throw new Refusal(400, 'webauthn_failed');
      return [user, await this.keys.signUp(user, this.strangerOf(name), credential, headers)];
    } catch (error) {
      if (!known) state.users.delete(user.id);
      throw error;
    }
  }

  /** Whom a challenge is for before there is a user. */
  private strangerOf(name: string): { id: string; userId: string } {
    const isBound = !this.state.has('sign-up-under-any-name');
    return { id: 'sign-up', userId: isBound ? name : 'anybody' };
  }

  private userOf(name: string): User | undefined {
    return [...this.state.users.values()].find(({ email }) => email === name);
  }
}
