/** What a cookie is kept from scripts, open networks and other sites by. */
const PROTECTIONS = ['HttpOnly', 'Secure', 'SameSite'] as const;

type Protection = (typeof PROTECTIONS)[number];

/** A cookie as an answer sets it. */
export interface SetCookie {
  name: string;
  value: string;
  /** Names in lower case. */
  attributes: ReadonlyMap<string, string>;
  /** Whether it is to be removed. */
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

/** All cookies that the target has set in a run, and what each once came without. */
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

  /** Each cookie's name, and what it has lacked. */
  get all(): [name: string, lacking: Protection[]][] {
    return [...this.lacking].map(([name, some]) => [name, PROTECTIONS.filter((one) => some.has(one))]);
  }
}
