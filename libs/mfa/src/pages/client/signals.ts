import { client } from './api.js';

/** After a key was removed, tells the browser which ones are left. */
export function signalRemovedKeys(): void {
  if (document.querySelector('[data-mfa-signals]')) void client().syncPasskeys();
}
