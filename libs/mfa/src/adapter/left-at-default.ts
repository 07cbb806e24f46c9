import { methodWithin } from '../core/objects/wrap-method.js';
import { DefaultMfaAdapter } from './default-mfa-adapter.js';

/** Hooks whose defaults know nothing about the application, and what happens if they aren't overridden. */
const HOOKS: Readonly<Partial<Record<keyof DefaultMfaAdapter, string>>> = {
  findUser:
    'it finds a user for every ID: deleted and disabled users can finish signing in, staff are not recognized, and mails have no address',
  sendNotification: 'users are not told when a factor is added or removed: it only writes to the log',
};

/** The hooks that every application should override but this adapter doesn't, each with the consequence. */
export function leftAtDefault(adapter: DefaultMfaAdapter): [hook: string, effect: string][] {
  return Object.entries(HOOKS).filter(
    ([hook]) => methodWithin(adapter, hook) === Reflect.get(DefaultMfaAdapter.prototype, hook),
  );
}
