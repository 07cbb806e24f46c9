/**
 * Compares user agents, ignoring numbers, which change when a browser is updated. A cookie presented by a different kind of
 * browser or system was copied there.
 */
export function isSameBrowser(known: string | null, presented: string | null): boolean {
  return withoutNumbers(known) === withoutNumbers(presented);
}

function withoutNumbers(userAgent: string | null): string {
  return (userAgent ?? '').replace(/[\d._]+/g, '');
}
