import { setHeader } from '../../core/web/http-message.js';
import type { MfaPageName, MfaPageProps } from './page-props.js';

/** A page handler's answer that shows a page. */
export class PageView<Name extends MfaPageName = MfaPageName> {
  constructor(
    readonly name: Name,
    readonly props: MfaPageProps[Name],
    readonly status = 200,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** A page handler's answer that redirects to another page, with GET (303 See Other). */
export class PageRedirect {
  constructor(readonly location: string) {}
}

export type PageAnswer = PageView | PageRedirect;

/** Creates the answer that shows a page, with type-checked properties. */
export function show<Name extends MfaPageName>(
  name: Name,
  props: MfaPageProps[Name],
  refusal?: { status: number; headers: Readonly<Record<string, string>> },
): PageView {
  return new PageView(name, props, refusal?.status, refusal?.headers);
}

/** Turns the response into a 303 See Other (RFC 9110, section 15.4.4), which the browser follows with GET. */
export function seeOther(response: object, location: string): void {
  (response as { status(code: number): unknown }).status(303);
  setHeader(response, 'Location', location);
  setHeader(response, 'Cache-Control', 'no-store');
}
