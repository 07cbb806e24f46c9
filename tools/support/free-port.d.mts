/** A port of localhost that nobody listens on, for an application whose address has to be known before it starts. */
export function freePort(): Promise<number>;
