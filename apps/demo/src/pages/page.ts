import type { VNode } from 'preact';

import type { Site } from './site.js';

/** A page of the demo: a component that is rendered on the server only. */
export type PageComponent<Props extends object = object> = (props: Props & { site: Site }) => VNode;

/** What a handler answers: a page to show. */
export class PageView {
  constructor(
    readonly component: PageComponent,
    readonly props: object,
    readonly status: number,
  ) {}
}

/** What a handler answers: another page to go to, with GET (RFC 9110, section 15.4.4). */
export class SeeOther {
  constructor(readonly location: string) {}
}

export type PageAnswer = PageView | SeeOther;

/** A page to show, checked against its properties. */
export function showPage<Props extends object>(
  component: PageComponent<Props>,
  props: NoInfer<Props>,
  status = 200,
): PageView {
  return new PageView(component as PageComponent, props, status);
}
