import type { Answer } from '../support/client.js';
import { attributeOf, codesOf, secretOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { Action, Bound } from './actions/action.js';

const PAGES = '/account/security';
const HTML = { accept: 'text/html,*/*;q=0.8' };

/** A form, and what comes of it. */
export interface Form {
  page: string;
  fields: Record<string, string>;
  /** The status with which the JSON route answers when it is done. */
  status: number;
  /** Whether an answer leads on where it does then. */
  isDone: (location: string, answer: Answer) => boolean;
}

/** What is typed into forms. */
export interface Typed {
  code: string;
  /** The id of the factor that it is about. */
  id: string;
  credential: unknown;
}

/** The form that does it; null for what pages only show. */
export function formOf({ action }: Bound, { code, id, credential }: Typed): Form | null {
  const form = (
    page: string,
    fields: Record<string, string>,
    status: number,
    ...leadsTo: (string | Form['isDone'])[]
  ): Form => ({
    page,
    fields,
    status,
    isDone: (location, answer) =>
      leadsTo.some((to) => (typeof to === 'string' ? location === PAGES + to : to(location, answer))),
  });
  const trusting: Record<string, string> =
    action.type === 'prove' && action.trusts ? { trustDevice: '1' } : {};
  const givesCodes = (location: string) => location.startsWith(`${PAGES}/recovery-codes/generate`);
  switch (action.type) {
    case 'activate':
      return form('/totp/add', { code }, 201, '?notice=totp-added', givesCodes);
    case 'register a key':
      return form('/webauthn/add', { credential: text(credential) }, 201, '?notice=key-added', givesCodes);
    case 'set up codes': {
      const page = `/factors/${action.kind}/add`;
      return form(page, { begin: '1' }, 201, page);
    }
    case 'activate codes':
      return form(`/factors/${action.kind}/add`, { code }, 201, '?notice=factor-added', givesCodes);
    case 'send a code':
      // Who is half signed in is led there in any case.
      return form('/authenticate', { send: action.kind }, 200, (_, { headers }) =>
        headers.getSetCookie().some((cookie) => cookie.startsWith('mfa_challenge=')),
      );
    case 'prove': {
      const fields: Record<string, string> =
        action.with === 'key' ? { credential: text(credential) } : { code };
      return form('/authenticate', { ...fields, ...trusting }, 200, '');
    }
    case 'sign in with a passkey':
      return form('/passkey', { credential: text(credential) }, 200, '');
    case 'remove':
      if (action.what === 'key') return form(`/webauthn/${id}/remove`, {}, 204, '?notice=key-removed');
      return form(
        action.what === 'totp' ? '/totp/remove' : `/factors/${action.what}/remove`,
        { id },
        204,
        '?notice=removed',
      );
    case 'report lost':
      return form('/lost', { id }, 200, '?notice=suspended', '/authenticate?notice=suspended');
    case 'found':
      return form('/found', { id }, 200, '?notice=resumed');
    case 'new codes':
      return form('/recovery-codes/generate', {}, 201, givesCodes);
    case 'trust no browser':
      return form('/trusted-devices', { all: '1' }, 204, '/trusted-devices?notice=devices-revoked');
    case 'end the others':
      return form('/sessions', { all: '1' }, 204, '/sessions?notice=sessions-ended');
    case 'sign out':
      return form('/sign-out', {}, 204, (location) => location === '/');
    default:
      return null;
  }
}

const text = (credential: unknown): string => JSON.stringify(credential);

/** Forms without a page of their own that could be looked at without changing anything. */
const FROM_ELSEWHERE = ['/sign-out', '/totp/add'];

/** The token that the page of a form gives to this browser, or any other page; none where it is shown nothing that could be sent. */
export async function tokenFor(client: PageClient, form: Form): Promise<string> {
  const own = FROM_ELSEWHERE.includes(form.page) ? '' : await tokenOn(client, pathOf(form));
  return own || tokenOfSession(client);
}

/** The token of whoever is signed in, or half signed in; none for nobody. */
export async function tokenOfSession(client: PageClient): Promise<string> {
  return (await tokenOn(client, '')) || tokenOn(client, '/authenticate');
}

async function tokenOn(client: PageClient, path: string): Promise<string> {
  const { text: html } = await client.get(PAGES + path, HTML);
  return attributeOf(html, 'value', 'input[name=_csrf]');
}

/** What the form is about is named in the address of its page. */
const pathOf = ({ page, fields: { id } }: Form): string => (id === undefined ? page : `${page}?id=${id}`);

/** Sends the form, and answers as the JSON route would. */
export async function sendForm(
  client: PageClient,
  form: Form,
  { token, headers, codeIn }: { token: string; headers: Record<string, string>; codeIn: CodeIn },
): Promise<Answer> {
  const fields = { ...form.fields, ...(token === '' ? {} : { _csrf: token }) };
  const answer = await client.form(PAGES + form.page, fields, { ...HTML, ...headers });
  if (answer.status !== 303) return refusal(answer, codeIn);
  const location = PageClient.location(answer);
  if (form.isDone(location, answer)) return { ...answer, status: form.status, body: {} };
  // Half signed in there is nowhere else to go when the session is over.
  const isOver = location === `${PAGES}/authenticate`;
  return { ...answer, status: 401, body: { code: isOver ? 'session_expired' : 'mfa_required' } };
}

/** The error code whose text a page shows. */
export type CodeIn = (page: string) => string | undefined;

function refusal(answer: Answer, codeIn: CodeIn): Answer {
  const { status, text: html } = answer;
  // A form that is done leads on: a page in its place is none of the answers that there are.
  if (status < 400) return { ...answer, status: 500, body: {} };
  // A form that was overtaken is told where its session goes on.
  const code = status === 401 ? 'session_expired' : codeIn(textOf(html));
  return { ...answer, body: { code, ...shownSecret(html) } };
}

/** Asks for a page that is about to be shown, and answers as the JSON route would. */
export async function askForPage(
  client: PageClient,
  action: Action,
  headers: Record<string, string>,
): Promise<Answer> {
  const path = action.type === 'read' ? `${PAGES}/${action.page.replace('index', '')}` : PATHS[action.type];
  const answer = await client.get(path?.replace(/\/$/, '') ?? '', { ...HTML, ...headers });
  if (answer.status === 303) return { ...answer, status: 401, body: { code: 'mfa_required' } };
  if (answer.status !== 200 || action.type !== 'set up an app') return answer;
  return { ...answer, status: 201, body: shownSecret(answer.text) };
}

const PATHS: Partial<Record<Action['type'], string>> = {
  look: '/protected',
  'set up an app': `${PAGES}/totp/add`,
};

const shownSecret = (html: string): object => {
  const secret = secretOf(html);
  return secret === '' ? {} : { secret };
};

/** The recovery codes to which an answer has led on. */
export async function newCodesOf(client: PageClient, answer: Answer): Promise<string[]> {
  const location = PageClient.location(answer);
  if (!location.startsWith(`${PAGES}/recovery-codes/generate`)) return [];
  return codesOf((await client.get(location, HTML)).text);
}
