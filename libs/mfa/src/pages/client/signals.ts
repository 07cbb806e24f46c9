import { client } from './api.js';

/** Tells the browser, after a key was removed, which ones are left. */
export function signalRemovedKeys(): void {
  if (document.querySelector('[data-mfa-signals]')) void client().syncPasskeys();
}
