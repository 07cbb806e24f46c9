import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The style sheet of the pages, for pages of your own in the same look: serve it from your site as `text/css`. */
export function mfaStyleSheet(): string {
  return readFileSync(join(import.meta.dirname, '../assets', 'mfa.css'), 'utf8');
}
