import { STYLE_SHEET } from '../assets/embedded.js';

/** Returns the pages' style sheet, for pages of your own with the same look. Serve it from your site as `text/css`. */
export function mfaStyleSheet(): string {
  return STYLE_SHEET;
}
