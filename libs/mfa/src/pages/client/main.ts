// The only script of the pages. Every page works without it, except for what needs a script: keys and passkeys.
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
// Show the elements that need the script.
for (const element of document.querySelectorAll<HTMLElement>('[data-mfa-script]')) element.hidden = false;
