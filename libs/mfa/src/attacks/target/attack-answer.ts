/** An answer of the target. */
export interface AttackAnswer {
  /** What was asked, without query and tokens: `POST /mfa/authenticate`. */
  asked: string;
  status: number;
  headers: Headers;
  /** The body, cut after a megabyte. */
  text: string;
  /** The body as JSON; an empty object when it is no object of JSON. */
  body: Record<string, unknown>;
  isJson: boolean;
}

/** Codes and words of status are of this form; anything else that a target says could be a secret, or markup. */
const WORD = /^[a-z][a-z_]{0,39}$/;

/** An answer in words: what was asked, the status, and the machine-readable code. Nothing else of what the target says gets into a report. */
export function describeAnswer({ asked, status, body }: AttackAnswer): string {
  const words = [body['status'], body['code']].filter(
    (one): one is string => typeof one === 'string' && WORD.test(one),
  );
  return `${asked} answered ${[status, ...words].join(' ')}`;
}

/** A field of an answer that has to be text; the empty text without it. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The items of an answer that is a list, as objects. */
export function itemsOf({ text }: AttackAnswer): Record<string, unknown>[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? (parsed as Record<string, unknown>[]) : [];
  } catch {
    return [];
  }
}
