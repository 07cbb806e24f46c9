import { methodWithin } from '../core/objects/wrap-method.js';
import { DefaultMfaAdapter } from './default-mfa-adapter.js';

/** Hooks whose defaults know nothing of the application, and what comes of that. */
const HOOKS: Readonly<Partial<Record<keyof DefaultMfaAdapter, string>>> = {
  findUser:
    'it finds everybody: users who are gone or disabled finish their sign-in, staff are not known as such, and mails have no address',
  sendNotification: 'nobody is told when a factor is added or removed: it only writes a line to the log',
};

/** The hooks that every application should override and this adapter does not, each with what comes of it. */
export function leftAtDefault(adapter: DefaultMfaAdapter): [hook: string, effect: string][] {
  return Object.entries(HOOKS).filter(
    ([hook]) => methodWithin(adapter, hook) === Reflect.get(DefaultMfaAdapter.prototype, hook),
  );
}
