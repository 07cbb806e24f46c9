import { STYLE_SHEET } from '../assets/embedded.js';

/** The style sheet of the pages, for pages of your own in the same look: serve it from your site as `text/css`. */
export function mfaStyleSheet(): string {
  return STYLE_SHEET;
}
