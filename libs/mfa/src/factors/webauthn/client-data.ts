/** What the browser reports about a ceremony (CollectedClientData, WebAuthn Level 3, section 5.8.1). */
export interface ClientData {
  challenge: string;
  /** Whether the ceremony ran in a frame of another origin. */
  isCrossOrigin: boolean;
}

/** Parses the client data; null if it is malformed. Its type and origin are checked along with the signature. */
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
