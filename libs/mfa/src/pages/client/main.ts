// The one script of the pages. Every page works without it, but for what only a script can do: keys and passkeys.
import { setUpCeremonies } from './ceremony-form.js';
import { setUpCopying, setUpPrinting } from './copying.js';
import { showLocalTimes } from './local-times.js';
import { signalRemovedKeys } from './signals.js';
import { submitOnce } from './submit-once.js';
import { askBeforeLeaving } from './unsaved.js';

showLocalTimes();
setUpCopying();
setUpPrinting();
askBeforeLeaving();
submitOnce();
setUpCeremonies();
signalRemovedKeys();
// What needs the script has been waiting for it.
for (const element of document.querySelectorAll<HTMLElement>('[data-mfa-script]')) element.hidden = false;
