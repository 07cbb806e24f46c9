import type { VNode } from 'preact';

import type { Site } from './site.js';

/** A page of the demo: a component that is only rendered on the server. */
export type PageComponent<Props extends object = object> = (props: Props & { site: Site }) => VNode;

/** Returned by a handler to show a page. */
export class PageView {
  constructor(
    readonly component: PageComponent,
    readonly props: object,
    readonly status: number,
  ) {}
}

/** Returned by a handler to redirect to another page with GET (RFC 9110, section 15.4.4). */
export class SeeOther {
  constructor(readonly location: string) {}
}

export type PageAnswer = PageView | SeeOther;

/** Creates a page view; the compiler checks its properties. */
export function showPage<Props extends object>(
  component: PageComponent<Props>,
  props: NoInfer<Props>,
  status = 200,
): PageView {
  return new PageView(component as PageComponent, props, status);
}
