/** Finds a free port of localhost, for an application whose URL must be known before it starts. */
export function freePort(): Promise<number>;
