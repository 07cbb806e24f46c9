import { MfaException } from '../../core/errors/mfa-exception.js';

/** The fields that are used of what a browser sends after `create()` (RegistrationResponseJSON, WebAuthn Level 3, section 5.1). */
export interface RegistrationJson {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string; transports: string[] };
  clientExtensionResults: Record<string, never>;
  /** `credProps.rk`, as claimed by the client. */
  discoverable: boolean | null;
}

/** The fields that are used of what a browser sends after `get()` (AuthenticationResponseJSON). */
export interface AuthenticationJson {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string };
  clientExtensionResults: Record<string, never>;
}

/** Maximum length of a credential ID that may be registered, in bytes (section 7.1, step 25). */
export const MAX_CREDENTIAL_ID_BYTES = 1023;

const MAX_ID = Math.ceil((MAX_CREDENTIAL_ID_BYTES * 4) / 3);
const MAX_CLIENT_DATA = 8_192;
const MAX_ATTESTATION = 65_536;
const MAX_DATA = 8_192;
const MAX_TRANSPORTS = 10;
const MAX_PADDING = 2;

type Fields = Record<string, unknown>;

/** @throws {MfaException} `invalid_request` if the value has another shape */
export function parseRegistration(value: unknown): RegistrationJson {
  const { id, response, extensions } = parseCredential(value);
  const transports = response['transports'] ?? [];
  const isList = Array.isArray(transports) && transports.length <= MAX_TRANSPORTS;
  if (!isList || !transports.every((one) => typeof one === 'string' && /^[a-z-]{1,32}$/.test(one))) {
    throw invalid('credential.response.transports');
  }
  const rk = (extensions['credProps'] as Fields | undefined)?.['rk'];
  return {
    ...common(id),
    response: {
      clientDataJSON: base64url(response, 'clientDataJSON', MAX_CLIENT_DATA),
      attestationObject: base64url(response, 'attestationObject', MAX_ATTESTATION),
      transports: transports as string[],
    },
    discoverable: typeof rk === 'boolean' ? rk : null,
  };
}

/** @throws {MfaException} `invalid_request` if the value has another shape */
export function parseAuthentication(value: unknown): AuthenticationJson {
  const { id, response } = parseCredential(value);
  // Safari sends an empty handle for keys that don't store one.
  const hasHandle = ![undefined, null, ''].includes(response['userHandle'] as string);
  return {
    ...common(id),
    response: {
      clientDataJSON: base64url(response, 'clientDataJSON', MAX_CLIENT_DATA),
      authenticatorData: base64url(response, 'authenticatorData', MAX_DATA),
      signature: base64url(response, 'signature', MAX_DATA),
      ...(hasHandle ? { userHandle: base64url(response, 'userHandle', MAX_DATA) } : {}),
    },
  };
}

function parseCredential(value: unknown): { id: string; response: Fields; extensions: Fields } {
  const credential = fields(value, 'credential');
  const id = base64url(credential, 'id', MAX_ID);
  // It repeats the ID. Clients that build the JSON by hand leave it out.
  if ((credential['rawId'] ?? null) !== null && base64url(credential, 'rawId', MAX_ID) !== id) {
    throw invalid('credential.rawId');
  }
  if (credential['type'] !== 'public-key') throw invalid('credential.type');
  return {
    id,
    response: fields(credential['response'], 'credential.response'),
    extensions: fields(credential['clientExtensionResults'] ?? {}, 'credential.clientExtensionResults'),
  };
}

function common(id: string) {
  return { id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} };
}

function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name);
  return value as Fields;
}

/** Reads bytes encoded as text. Some clients add padding, or use RFC 4648's other alphabet; the result has a single encoding. */
function base64url(from: Fields, name: string, longest: number): string {
  const given = from[name];
  if (typeof given !== 'string' || given.length > longest + MAX_PADDING) throw invalid(`credential.${name}`);
  const value = given
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  if (value.length > longest || !/^[\w-]+$/.test(value)) throw invalid(`credential.${name}`);
  return value;
}

function invalid(what: string): MfaException {
  return new MfaException('invalid_request', { message: [`${what} is not what WebAuthn Level 3 says`] });
}
