// The demo's WebAuthn ceremonies, using only the browser's own API (Level 3).
const $ = (id) => document.getElementById(id);

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  show(`${method} ${path} → ${response.status}`, answer);
  return { ok: response.ok, status: response.status, body: answer };
}

function show(title, answer) {
  $('answer').textContent = answer ? `${title}\n${JSON.stringify(answer, null, 2)}` : title;
}

/** Runs it, then shows who is signed in. Errors in the browser are displayed like responses. */
async function run(work) {
  try {
    await work();
  } catch (error) {
    show(`${error.name}: ${error.message}`);
  }
  await refresh();
}

/**
 * Fetches the data shown next to the buttons; null if the request is refused, such as after a sign-out in the meantime.
 */
async function read(path) {
  const response = await fetch(path);
  return response.ok ? response.json() : null;
}

async function refresh() {
  const me = await (await fetch('/me')).json();
  const mustEnroll = me.code === 'mfa_enrollment_required';
  const isSignedIn = Boolean(me.id) || mustEnroll;
  const status = isSignedIn ? await read('/mfa/status') : null;
  if (mustEnroll) $('who').textContent = 'Signed in. Set up a second factor before anything else.';
  else
    $('who').textContent = status
      ? `Signed in as ${me.email}; ${status.verified ? 'second factor proven' : status.enabled ? 'second factor not proven lately' : 'no second factor'}.`
      : 'Not signed in.';
  const factors = isSignedIn ? await read('/mfa/authenticators') : null;
  $('factors').replaceChildren(...(factors ?? []).map(factorRow));
}

function factorRow({ id, type, name, remaining }) {
  const row = document.createElement('li');
  row.textContent = `${name} (${type}${remaining === undefined ? '' : `, ${remaining} left`}) `;
  const remove = document.createElement('button');
  remove.textContent = `Remove ${name}`;
  remove.addEventListener('click', () =>
    run(async () => {
      const { ok } = await call('DELETE', `/mfa/authenticators/${id}`);
      if (ok && type === 'webauthn') await signal();
    }),
  );
  row.append(remove);
  return row;
}

/** Tells the browser which passkeys still work, so that it stops offering the others. */
async function signal() {
  const { ok, body } = await call('GET', '/mfa/webauthn/signals');
  if (ok) await PublicKeyCredential.signalAllAcceptedCredentials?.(body.allAcceptedCredentials);
}

async function addKey(passwordless) {
  const options = await call('POST', '/mfa/webauthn/options', { passwordless });
  if (!options.ok) return;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.body);
  const credential = await navigator.credentials.create({ publicKey });
  await call('POST', '/mfa/webauthn', { credential: credential.toJSON() });
}

async function getCredential(path) {
  const options = await call('POST', path);
  if (!options.ok) return null;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.body);
  return navigator.credentials.get({ publicKey });
}

async function signInWithPasskey(credential) {
  if (!credential) return;
  const { body } = await call('POST', '/mfa/passkey', { credential: credential.toJSON() });
  if (body.unknownCredential) await PublicKeyCredential.signalUnknownCredential?.(body.unknownCredential);
}

let autofill = new AbortController();

/** Offers passkeys in the email field (conditional mediation) until the user starts something else. */
async function offerAutofill() {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const { signal } = autofill;
  // The user hasn't pressed anything yet, so the page must not open with this response, or with a message that the
  // browser has no passkeys.
  const response = await fetch('/mfa/passkey/options', { method: 'POST' });
  if (!response.ok) return;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await response.json());
  const credential = await navigator.credentials
    .get({ publicKey, mediation: 'conditional', signal })
    .catch(() => null);
  if (credential) await run(() => signInWithPasskey(credential));
}

function stopAutofill() {
  autofill.abort();
  autofill = new AbortController();
}

$('credentials').addEventListener('submit', (event) => {
  event.preventDefault();
  const body = { email: $('email').value, password: $('password').value };
  const { value } = event.submitter;
  void run(async () => {
    if (value === 'register' && !(await call('POST', '/auth/register', body)).ok) return;
    await call('POST', '/auth/login', body);
  });
});

$('code-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void run(() =>
    call('POST', '/mfa/authenticate', { code: $('code').value, trustDevice: $('trust').checked }),
  );
});

$('totp-setup').addEventListener('submit', (event) => {
  event.preventDefault();
  void run(async () => {
    const { ok } = await call('POST', '/mfa/totp/activate', { code: $('first-code').value });
    $('totp-setup').hidden = ok;
  });
});

$('add-totp').addEventListener('click', () =>
  run(async () => {
    const { ok, body } = await call('POST', '/mfa/totp');
    if (!ok) return;
    $('qr').src = body.qrCode;
    $('secret').textContent = body.secret;
    $('totp-setup').hidden = false;
  }),
);

const onClick = (id, work) =>
  $(id).addEventListener('click', () => {
    stopAutofill();
    void run(work);
  });

onClick('passkey', async () => signInWithPasskey(await getCredential('/mfa/passkey/options')));
onClick('sign-up', async () => {
  const name = $('email').value;
  const { ok, body: options } = await call('POST', '/mfa/sign-up/options', { name });
  if (!ok) return;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  await call('POST', '/mfa/sign-up', { name, credential: credential.toJSON() });
});
onClick('use-key', async () => {
  const credential = await getCredential('/mfa/authenticate/webauthn/options');
  if (credential) await call('POST', '/mfa/authenticate/webauthn', { credential: credential.toJSON() });
});
onClick('add-key', () => addKey(false));
onClick('add-passkey', () => addKey(true));
onClick('logout', () => call('POST', '/auth/logout'));
for (const button of document.querySelectorAll('[data-get]')) {
  button.addEventListener('click', () => run(() => call('GET', button.dataset.get)));
}

await refresh();
void offerAutofill();
