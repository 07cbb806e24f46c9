import type { MfaClient, SignIn } from 'nestjs-mfa/browser';
import { isMfaClientError, supportsWebAuthn, withStepUp } from 'nestjs-mfa/browser';

const element = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const say = (text: string): void => void (element('answer').textContent = text);

/** Calls the function with the fields of the form, whenever it is sent. */
function onSubmit(id: string, work: (fields: Record<string, string>) => unknown): void {
  const form = element<HTMLFormElement>(id);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    work(Object.fromEntries(new FormData(form)) as Record<string, string>);
  });
}

/** A page that signs in, shows reports and signs out. */
export function startPage(
  mfa: MfaClient,
  send: (path: string, init?: RequestInit) => Promise<Response>,
): void {
  let typed: (code: string) => void = () => undefined;
  onSubmit('code', ({ code = '' }) => typed(code));

  /** Shows the form for a code and waits for what is typed into it. */
  async function askForCode(): Promise<string> {
    element('code').hidden = false;
    const code = await new Promise<string>((resolve) => (typed = resolve));
    element('code').hidden = true;
    return code;
  }

  /** Asks for a key, or for codes until one is right. */
  async function proveSecondFactor(methods: readonly string[]): Promise<void> {
    if (methods.includes('webauthn') && supportsWebAuthn()) {
      await mfa.authenticateWithKey();
      return;
    }
    for (let isProven = false; !isProven;) {
      const code = await askForCode();
      isProven = await mfa.authenticate({ code }).then(
        () => true,
        (error: unknown) => {
          if (!isMfaClientError(error, 'incorrect_code')) throw error;
          say(error.message);
          return false;
        },
      );
    }
  }

  async function goOn({ status, methods = [] }: Pick<SignIn, 'status' | 'methods'>): Promise<void> {
    if (status === 'mfa_required') await proveSecondFactor(methods);
    say('Signed in.');
  }

  onSubmit('login', async (fields) => {
    const body = JSON.stringify(fields);
    const headers = { 'content-type': 'application/json' };
    const response = await send('/login', { method: 'POST', headers, body });
    if (response.ok) await goOn((await response.json()) as SignIn);
    else say('Wrong address or password.');
  });

  // What is refused for want of a second factor waits for it, and is sent again.
  const sendWithStepUp = withStepUp(
    (path, init) => send(path as string, init),
    ({ methods = [] }) => proveSecondFactor(methods),
  );
  onSubmit('reports', async () => say(await (await sendWithStepUp('/reports')).text()));

  onSubmit('logout', () => mfa.endSession().then(() => say('Signed out.')));

  // A page that was reloaded goes on where it was.
  mfa.session().then(goOn, () => say('Signed out.'));

  // For the console, and for tests.
  Object.assign(window, { mfa });
}
