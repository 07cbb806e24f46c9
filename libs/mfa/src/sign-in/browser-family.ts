/**
 * What stays the same of a user agent when the browser is updated: everything but the numbers. A cookie that comes from
 * another kind of browser or system was copied there.
 */
export function isSameBrowser(known: string | null, presented: string | null): boolean {
  return withoutNumbers(known) === withoutNumbers(presented);
}

function withoutNumbers(userAgent: string | null): string {
  return (userAgent ?? '').replace(/[\d._]+/g, '');
}
