import { setHeader } from '../../core/web/http-message.js';
import type { MfaPageName, MfaPageProps } from './page-props.js';

/** What a page's handler answers: a page to show. */
export class PageView<Name extends MfaPageName = MfaPageName> {
  constructor(
    readonly name: Name,
    readonly props: MfaPageProps[Name],
    readonly status = 200,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** What a page's handler answers: another page to go to, with GET (303 See Other). */
export class PageRedirect {
  constructor(readonly location: string) {}
}

export type PageAnswer = PageView | PageRedirect;

/** A page to show, checked against its properties. */
export function show<Name extends MfaPageName>(
  name: Name,
  props: MfaPageProps[Name],
  refusal?: { status: number; headers: Readonly<Record<string, string>> },
): PageView {
  return new PageView(name, props, refusal?.status, refusal?.headers);
}

/** Makes the response a 303 See Other (RFC 9110, section 15.4.4): the browser goes there with GET. */
export function seeOther(response: object, location: string): void {
  (response as { status(code: number): unknown }).status(303);
  setHeader(response, 'Location', location);
  setHeader(response, 'Cache-Control', 'no-store');
}
