import { MfaException } from '../errors/mfa-exception.js';

/** What a browser sends after `create()`, as far as it is used (RegistrationResponseJSON, WebAuthn Level 3, section 5.1). */
export interface RegistrationJson {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string; transports: string[] };
  clientExtensionResults: Record<string, never>;
  /** `credProps.rk`: what the client claims. */
  discoverable: boolean | null;
}

/** What a browser sends after `get()`, as far as it is used (AuthenticationResponseJSON). */
export interface AuthenticationJson {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string };
  clientExtensionResults: Record<string, never>;
}

/** Longest credential id that may be registered, in bytes (section 7.1, step 25). */
export const MAX_CREDENTIAL_ID_BYTES = 1023;

const MAX_ID = Math.ceil((MAX_CREDENTIAL_ID_BYTES * 4) / 3);
const MAX_CLIENT_DATA = 8_192;
const MAX_ATTESTATION = 65_536;
const MAX_DATA = 8_192;
const MAX_TRANSPORTS = 10;

type Fields = Record<string, unknown>;

/** @throws {MfaException} `invalid_request` when the value has another shape */
export function parseRegistration(value: unknown): RegistrationJson {
  const { id, response, extensions } = parseCredential(value);
  const { transports = [] } = response;
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

/** @throws {MfaException} `invalid_request` when the value has another shape */
export function parseAuthentication(value: unknown): AuthenticationJson {
  const { id, response } = parseCredential(value);
  const hasHandle = response['userHandle'] !== undefined && response['userHandle'] !== null;
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
  if (credential['rawId'] !== id) throw invalid('credential.rawId');
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

function base64url(from: Fields, name: string, longest: number): string {
  const value = from[name];
  const isRight =
    typeof value === 'string' && value.length > 0 && value.length <= longest && /^[\w-]+$/.test(value);
  if (!isRight) throw invalid(`credential.${name}`);
  return value;
}

function invalid(what: string): MfaException {
  return new MfaException('invalid_request', { message: [`${what} is not what WebAuthn Level 3 says`] });
}
