import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { Finding } from './finding.js';
import { advice, fine } from './finding.js';

/** Hooks whose defaults know nothing of the application. */
const HOOKS: Readonly<Partial<Record<keyof DefaultMfaAdapter, string>>> = {
  findUser:
    'it finds everybody: users who are gone or disabled finish their sign-in, staff are not known as such, and mails have no address',
  sendNotification: 'nobody is told when a factor is added or removed: it only writes a line to the log',
};

/** What the adapter leaves at its default. */
export function checkAdapter(adapter: DefaultMfaAdapter): Finding[] {
  const left = Object.entries(HOOKS).filter(
    ([hook]) => Reflect.get(adapter, hook) === Reflect.get(DefaultMfaAdapter.prototype, hook),
  );
  if (left.length === 0) return [fine('The adapter knows the users, and tells them of changes')];
  return left.map(([hook, effect]) =>
    advice(
      `The adapter does not override ${hook}(), so ${effect}`,
      `Override ${hook}() in a class that extends DefaultMfaAdapter, and give it as the option \`adapter\` (docs/adapter.md)`,
    ),
  );
}
