/** The attributes that protect a cookie from scripts, open networks and other sites. */
const PROTECTIONS = ['HttpOnly', 'Secure', 'SameSite'] as const;

type Protection = (typeof PROTECTIONS)[number];

/** A cookie set by a response. */
export interface SetCookie {
  name: string;
  value: string;
  /** The names are in lower case. */
  attributes: ReadonlyMap<string, string>;
  /** Whether the response deletes the cookie. */
  isOver: boolean;
}

export function parseSetCookie(line: string): SetCookie {
  const [[name, value] = ['', ''], ...attributes] = line.split(';').map(pairOf);
  const byName = new Map(attributes.map(([key, text]) => [key.toLowerCase(), text]));
  const maxAge = byName.get('max-age');
  const isOver =
    (maxAge !== undefined && Number(maxAge) <= 0) ||
    Date.parse(byName.get('expires') ?? '') < Date.parse('2000-01-01');
  return { name, value, attributes: byName, isOver };
}

function pairOf(part: string): [string, string] {
  const [name = '', ...value] = part.trim().split('=');
  return [name, value.join('=')];
}

/** All cookies that the target set during a run, and the protections that each lacked at least once. */
export class SeenCookies {
  private readonly lacking = new Map<string, Set<Protection>>();

  note({ name, attributes, isOver }: SetCookie): void {
    if (isOver) return;
    const lacking = this.lacking.get(name) ?? new Set();
    const sameSite = attributes.get('samesite')?.toLowerCase() ?? 'none';
    if (!attributes.has('httponly')) lacking.add('HttpOnly');
    if (!attributes.has('secure')) lacking.add('Secure');
    if (sameSite === 'none') lacking.add('SameSite');
    this.lacking.set(name, lacking);
  }

  /** The name of each cookie, and the protections that it lacked. */
  get all(): [name: string, lacking: Protection[]][] {
    return [...this.lacking].map(([name, some]) => [name, PROTECTIONS.filter((one) => some.has(one))]);
  }
}
