import { Inject, Injectable } from '@nestjs/common';

import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { PageCookie } from './page-cookies.js';
import { PageCookies } from './page-cookies.js';

/** The parts that pages show of a factor's answer to a new set-up or challenge. */
export interface BegunAnswer {
  destination: string | null;
  expiresAt: Date | null;
  /** The other readable fields, by name. */
  details: readonly (readonly [string, string])[];
}

/** The content of the cookie. */
interface Begun {
  type: string;
  answer: object;
}

/** How long an answer without an expiry is shown. */
const TTL_SECONDS = 600;
const SHOWN_ELSEWHERE = ['destination', 'expiresAt', 'nextAt'];

/**
 * Keeps a factor's answer in the browser, across the redirect from the form to the page and until it expires, so that viewing the page
 * again doesn't send anything again.
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

  /** This session's latest challenge on the pages, and its factor type. */
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

/** Formats a value that can be shown directly: a string, a number, or a list of these. */
function readable(value: unknown): string | null {
  const all = Array.isArray(value) ? (value as unknown[]) : [value];
  const isReadable = all.length > 0 && all.every((one) => typeof one === 'string' || typeof one === 'number');
  return isReadable ? all.join(', ') : null;
}

/** `lax`, since a link from another site must not replace a set-up in progress with a new one. */
function setupCookie(type: MfaType): PageCookie {
  return { name: `mfa_setup_${type}`, page: `factors/${type}/add`, sameSite: 'lax' };
}

const CHALLENGE: PageCookie = { name: 'mfa_challenge', page: 'authenticate', sameSite: 'lax' };
