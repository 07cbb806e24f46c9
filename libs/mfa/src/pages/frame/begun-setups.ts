import { Inject, Injectable } from '@nestjs/common';

import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { PageCookie } from './page-cookies.js';
import { PageCookies } from './page-cookies.js';

/** What a factor has answered to the beginning of a set-up or to a challenge, as far as pages show it. */
export interface BegunAnswer {
  destination: string | null;
  expiresAt: Date | null;
  /** What else there is to read, by its name. */
  details: readonly (readonly [string, string])[];
}

/** What the cookie holds. */
interface Begun {
  type: string;
  answer: object;
}

/** How long an answer is shown that does not say when it ends. */
const TTL_SECONDS = 600;
const SHOWN_ELSEWHERE = ['destination', 'expiresAt', 'nextAt'];

/**
 * Carries what a factor has answered over the redirect from the form to the page, in the browser, for as long as it counts:
 * looking at the page again sends nothing again.
 */
@Injectable()
export class BegunSetups {
  constructor(@Inject(PageCookies) private readonly cookies: PageCookies) {}

  async put(response: object, context: MfaRequest, type: MfaType, answer: object): Promise<void> {
    await this.keep(response, context, setupCookie(type), { type, answer });
  }

  async read(context: MfaRequest, type: MfaType): Promise<BegunAnswer | null> {
    return (await this.find(context, setupCookie(type)))?.answer ?? null;
  }

  async putChallenge(response: object, context: MfaRequest, type: MfaType, answer: object): Promise<void> {
    await this.keep(response, context, CHALLENGE, { type, answer });
  }

  /** What this session was last challenged with here, and for which type. */
  async readChallenge(context: MfaRequest): Promise<{ type: string; answer: BegunAnswer } | null> {
    return this.find(context, CHALLENGE);
  }

  private async keep(response: object, context: MfaRequest, cookie: PageCookie, begun: Begun): Promise<void> {
    await this.cookies.put(response, cookie, context, JSON.stringify(begun), TTL_SECONDS);
  }

  private async find(
    context: MfaRequest,
    cookie: PageCookie,
  ): Promise<{ type: string; answer: BegunAnswer } | null> {
    const text = await this.cookies.read(context.request, cookie, context);
    if (text === null) return null;
    const { type, answer: fields } = JSON.parse(text) as Begun;
    const { destination, expiresAt } = fields as Record<string, unknown>;
    const answer: BegunAnswer = {
      destination: typeof destination === 'string' ? destination : null,
      expiresAt: typeof expiresAt === 'string' ? new Date(expiresAt) : null,
      details: Object.entries(fields)
        .filter(([name]) => !SHOWN_ELSEWHERE.includes(name))
        .map(([name, value]): [string, string | null] => [name, readable(value)])
        .filter((detail): detail is [string, string] => detail[1] !== null),
    };
    return { type, answer };
  }
}

/** What can be shown as it is: a text, a number, or a list of these. */
function readable(value: unknown): string | null {
  const all = Array.isArray(value) ? (value as unknown[]) : [value];
  const isReadable = all.length > 0 && all.every((one) => typeof one === 'string' || typeof one === 'number');
  return isReadable ? all.join(', ') : null;
}

/** `lax`: a link from another site must not begin a new set-up in place of the one under way. */
function setupCookie(type: MfaType): PageCookie {
  return { name: `mfa_setup_${type}`, page: `factors/${type}/add`, sameSite: 'lax' };
}

const CHALLENGE: PageCookie = { name: 'mfa_challenge', page: 'authenticate', sameSite: 'lax' };
