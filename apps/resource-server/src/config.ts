import { createPublicKey } from 'node:crypto';

export interface ResourceServerConfig {
  /** The public key (PEM) of the authorization server, on the curve P-256. The private one never comes here. */
  publicKey: string;
  /** Who issues the access tokens: their `iss`. */
  issuer: string;
  /** This API, as it is called in the tokens' `aud`. */
  audience: string;
  /** How long a proven second factor counts where the route does not say, in seconds. Default: 300. */
  gracePeriodSeconds?: number;
}

/** @throws {Error} that names the variable which is missing or wrong */
export function readConfig(environment: NodeJS.ProcessEnv): ResourceServerConfig & { port: number } {
  const required = (name: string): string => {
    const value = environment[name];
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  // A PEM in one line, as many hosts keep it.
  const publicKey = required('JWT_PUBLIC_KEY').replaceAll('\\n', '\n');
  assertPublicKey(publicKey);
  return {
    publicKey,
    issuer: required('JWT_ISSUER'),
    audience: required('JWT_AUDIENCE'),
    port: Number(environment['PORT'] ?? 3001),
  };
}

function assertPublicKey(pem: string): void {
  // Node would derive the public key from a private one.
  const isPublic = pem.includes('PUBLIC KEY');
  if (!isPublic || createPublicKey(pem).asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('JWT_PUBLIC_KEY must be a public key on the curve P-256, in PEM');
  }
}
