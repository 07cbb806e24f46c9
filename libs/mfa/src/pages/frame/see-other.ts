import { setHeader } from '../../core/web/http-message.js';

/** Makes the response a 303 See Other (RFC 9110, section 15.4.4): the browser goes there with GET. */
export function seeOther(response: object, location: string): void {
  (response as { status(code: number): unknown }).status(303);
  setHeader(response, 'Location', location);
  setHeader(response, 'Cache-Control', 'no-store');
}
