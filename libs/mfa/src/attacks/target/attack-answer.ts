/** A response of the target. */
export interface AttackAnswer {
  /** The request, without query and tokens: `POST /mfa/authenticate`. */
  asked: string;
  status: number;
  headers: Headers;
  /** The body, truncated after a megabyte. */
  text: string;
  /** The body as JSON; an empty object if it isn't a JSON object. */
  body: Record<string, unknown>;
  isJson: boolean;
}

/** The form of codes and statuses; anything else that a target says could be a secret, or markup. */
const WORD = /^[a-z][a-z_]{0,39}$/;

/** Describes a response: the request, the status, and the machine-readable code. Nothing else that the target says ends up in a report. */
export function describeAnswer({ asked, status, body }: AttackAnswer): string {
  const words = [body['status'], body['code']].filter(
    (one): one is string => typeof one === 'string' && WORD.test(one),
  );
  return `${asked} answered ${[status, ...words].join(' ')}`;
}

/** A field that should be text; empty if it isn't. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The items of a response that is a list, as objects. */
export function itemsOf({ text }: AttackAnswer): Record<string, unknown>[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? (parsed as Record<string, unknown>[]) : [];
  } catch {
    return [];
  }
}
