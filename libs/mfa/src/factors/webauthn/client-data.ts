/** What the browser says of a ceremony (CollectedClientData, WebAuthn Level 3, section 5.8.1). */
export interface ClientData {
  challenge: string;
  /** Whether it ran in a frame of another origin. */
  isCrossOrigin: boolean;
}

/** Reads the client data; null when it is none. Its type and origin are checked with the signature. */
export function readClientData(clientDataJSON: string): ClientData | null {
  let data: unknown;
  try {
    data = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  const { challenge, crossOrigin, topOrigin } = (data ?? {}) as Record<string, unknown>;
  if (typeof challenge !== 'string') return null;
  return { challenge, isCrossOrigin: (crossOrigin ?? false) !== false || topOrigin !== undefined };
}
