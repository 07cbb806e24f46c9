import { SetMetadata, UseFilters, UseInterceptors, applyDecorators } from '@nestjs/common';

import { PageErrorFilter } from './page-error.filter.js';
import { HTML_VIEW } from './page-metadata.js';
import type { PageComponent } from './page.js';
import { PageInterceptor } from './page.interceptor.js';

/** For controllers that respond to browsers with pages, including refusals. */
export function BrowserPages(): ClassDecorator {
  return applyDecorators(UseInterceptors(PageInterceptor), UseFilters(PageErrorFilter));
}

/** Renders the handler's JSON data on this page for browsers; other clients get the JSON. */
export function HtmlView<Props extends object>(
  component: PageComponent<Props>,
): (target: object, name: string, descriptor: TypedPropertyDescriptor<(...args: never[]) => Props>) => void {
  return SetMetadata(HTML_VIEW, component);
}
