import type { AttackAnswer } from './attack-answer.js';
import type { AttackClient, AttackRequest } from './attack-client.js';
import type { AttackTarget } from './attack-target.js';
import { messageOf } from './message-of.js';
import { SeenCookies } from './seen-cookies.js';

/** A megabyte; no attack reads more of a response. */
const LONGEST_BODY = 1_000_000;
const TIMEOUT_MS = 10_000;

/** The connection to the target, and to nowhere else. */
export class Wire {
  readonly mfaPath: string;
  readonly origin: string;
  readonly sessionHeader: string | undefined;
  readonly afterAnswer: ((client: AttackClient, answer: AttackAnswer) => void | Promise<void>) | undefined;
  readonly cookies = new SeenCookies();
  /** Requests sent so far. */
  sent = 0;
  readonly base: string;
  private readonly second: string;
  private readonly timeout: number;

  constructor(target: AttackTarget) {
    this.base = new URL(target.baseUrl).origin;
    this.second = new URL(target.secondInstance ?? target.baseUrl).origin;
    this.mfaPath = target.mfaPath ?? '/mfa';
    this.origin = target.origin ?? this.base;
    this.sessionHeader = target.sessionHeader;
    this.afterAnswer = target.afterAnswer?.bind(target);
    this.timeout = target.limits?.timeout ?? TIMEOUT_MS;
  }

  async send(
    method: string,
    path: string,
    { body, headers = {}, isToSecond = false }: AttackRequest,
  ): Promise<AttackAnswer> {
    const base = isToSecond ? this.second : this.base;
    // Concatenated as text, so that `//reports` is a path and not a host.
    const url = new URL(base + path);
    if (url.origin !== base) throw new Error('An attack never goes to another host than the target');
    this.sent += 1;
    const asked = `${method} ${withoutTokens(path)}`;
    const signal = AbortSignal.timeout(this.timeout);
    try {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        signal,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await readText(response);
      return { asked, status: response.status, headers: response.headers, text, ...parse(text) };
    } catch (error) {
      throw new NoAnswer(`${asked} got no answer: ${reasonOf(error)}`);
    }
  }
}

/** A path that is safe to show in a report: an emailed link has its token in the query, or as a part of the path. */
function withoutTokens(path: string): string {
  return path.replace(/\?.*/s, '').replace(/(?<=\/)(?=[^/]*[0-9A-Z])[^/]{20,}/g, '…');
}

/** The target couldn't be reached, or took too long to respond. */
export class NoAnswer extends Error {}

/** The underlying network error; `fetch failed` alone says nothing. */
function reasonOf(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? messageOf(error);
}

async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const parts: Uint8Array[] = [];
  for (let length = 0; length < LONGEST_BODY;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(parts).toString('utf8');
    parts.push(value);
    length += value.length;
  }
  await reader.cancel();
  return Buffer.concat(parts).subarray(0, LONGEST_BODY).toString('utf8');
}

function parse(text: string): { body: Record<string, unknown>; isJson: boolean } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return { body: {}, isJson: false };
    return { body: Array.isArray(parsed) ? {} : (parsed as Record<string, unknown>), isJson: true };
  } catch {
    return { body: {}, isJson: false };
  }
}
