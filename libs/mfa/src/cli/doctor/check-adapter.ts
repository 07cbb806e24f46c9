import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { leftAtDefault } from '../../adapter/left-at-default.js';
import type { Finding } from './finding.js';
import { advice, fine } from './finding.js';

/** Checks which hooks the adapter leaves at their defaults. */
export function checkAdapter(adapter: DefaultMfaAdapter): Finding[] {
  const left = leftAtDefault(adapter);
  if (left.length === 0) return [fine('The adapter looks up users, and notifies them of changes')];
  return left.map(([hook, effect]) =>
    advice(
      `The adapter does not override ${hook}(), so ${effect}`,
      `Override ${hook}() in a class that extends DefaultMfaAdapter, and pass it as the option \`adapter\` (docs/adapter.md)`,
    ),
  );
}
