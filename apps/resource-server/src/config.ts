import { createPublicKey } from 'node:crypto';

export interface ResourceServerConfig {
  /** The authorization server's public key (PEM, curve P-256). The private key never gets here. */
  publicKey: string;
  /** The issuer of access tokens: their `iss`. */
  issuer: string;
  /** The identifier of this API in the tokens' `aud`. */
  audience: string;
  /** How long a proven second factor counts, in seconds, if the route doesn't say. Default: 300. */
  gracePeriodSeconds?: number;
}

/** @throws {Error} naming the variable that is missing or invalid */
export function readConfig(environment: NodeJS.ProcessEnv): ResourceServerConfig & { port: number } {
  const required = (name: string): string => {
    const value = environment[name];
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  // Single-line PEM, as many hosting platforms store it.
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
  // Node.js would derive the public key from a private one.
  const isPublic = pem.includes('PUBLIC KEY');
  if (!isPublic || createPublicKey(pem).asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('JWT_PUBLIC_KEY must be a public key on the curve P-256, in PEM');
  }
}
