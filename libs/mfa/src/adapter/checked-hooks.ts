import { DefaultMfaAdapter } from './default-mfa-adapter.js';

/** Hooks whose answer allows or denies something, or decides who is notified. */
const YES_OR_NO = [
  'isMfaRequired',
  'isMfaEnabled',
  'canDeleteAuthenticator',
  'canSuspendAuthenticator',
  'verifyAttestation',
  'isNewSignIn',
] as const;

/**
 * Makes the adapter's overridden hooks throw if they don't return a boolean. A missing `await` or `return`, a count, a text: there is no
 * telling what was meant, and a wrong guess could grant access.
 */
export function checkHooks(adapter: DefaultMfaAdapter): void {
  for (const hook of YES_OR_NO) {
    const own = Reflect.get(adapter, hook) as (...parameters: unknown[]) => unknown;
    if (own === Reflect.get(DefaultMfaAdapter.prototype, hook)) continue;
    Object.defineProperty(adapter, hook, {
      configurable: true,
      writable: true,
      value: (...parameters: unknown[]) => {
        const answer = own.apply(adapter, parameters);
        return isThenable(answer)
          ? answer.then((value: unknown) => yesOrNo(hook, value))
          : yesOrNo(hook, answer);
      },
    });
  }
}

function isThenable(answer: unknown): answer is Promise<unknown> {
  return typeof (answer as Partial<Promise<unknown>> | null | undefined)?.then === 'function';
}

function yesOrNo(hook: string, answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  throw new TypeError(`The adapter's ${hook}() must return a boolean, not ${describe(answer)}`);
}

function describe(answer: unknown): string {
  return answer === null ? 'null' : typeof answer;
}
