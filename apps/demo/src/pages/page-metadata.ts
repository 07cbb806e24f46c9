/** Where a handler's page is kept, see `@HtmlView()`. */
export const HTML_VIEW = 'demo:html-view';
