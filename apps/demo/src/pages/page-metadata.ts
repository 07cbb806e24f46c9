/** The metadata key for a handler's page, see `@HtmlView()`. */
export const HTML_VIEW = 'demo:html-view';
