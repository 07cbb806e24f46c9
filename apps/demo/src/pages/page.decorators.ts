import { SetMetadata, UseFilters, UseInterceptors, applyDecorators } from '@nestjs/common';

import { PageErrorFilter } from './page-error.filter.js';
import { HTML_VIEW } from './page-metadata.js';
import type { PageComponent } from './page.js';
import { PageInterceptor } from './page.interceptor.js';

/** For controllers whose answers, refusals among them, are pages where a browser asks for them. */
export function BrowserPages(): ClassDecorator {
  return applyDecorators(UseInterceptors(PageInterceptor), UseFilters(PageErrorFilter));
}

/** What the handler answers as JSON is shown on this page to a browser; other clients get the JSON. */
export function HtmlView<Props extends object>(
  component: PageComponent<Props>,
): (target: object, name: string, descriptor: TypedPropertyDescriptor<(...args: never[]) => Props>) => void {
  return SetMetadata(HTML_VIEW, component);
}
