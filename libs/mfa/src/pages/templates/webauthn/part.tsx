import { WEBAUTHN_TRAITS } from '../../../factors/webauthn/traits/webauthn.traits.js';
import type { FactorPart } from '../../frame/factor-part.js';
import type { ListedAuthenticator, MfaPageContext } from '../../frame/page-props.js';
import { KeyForm } from '../parts/key-form.js';

/** Transports of keys that are carried along, and plugged in or held near (WebAuthn Level 3, section 5.8.4). */
const CARRIED = ['usb', 'nfc', 'ble', 'smart-card'];
/** Transports of keys on the device itself, or on a phone used with a nearby device. */
const BUILT_IN = ['internal', 'hybrid'];

/** Where a passkey is, as far as it tells. If it isn't synced, it is on one device, until it reports otherwise. */
function placeOf({ backedUp, transports = [], provider }: ListedAuthenticator, page: MfaPageContext): string {
  const { texts } = page;
  if (backedUp) return provider ? page.fill('keyInAccount', { provider }) : texts.keySynced;
  // A browser that doesn't know more may list all transports at once.
  const isCarried = transports.some((one) => CARRIED.includes(one));
  const isBuiltIn = transports.some((one) => BUILT_IN.includes(one));
  if (isCarried === isBuiltIn) return texts.keyOnOne;
  return isCarried ? texts.keyOnSecurityKey : texts.keyOnDevice;
}

export const WEBAUTHN_PART: FactorPart = {
  type: WEBAUTHN_TRAITS.type,
  addPage: 'webauthn/add',
  addText: ({ texts }) => texts.addKey,
  lead: ({ page }) => page.texts.enrolKeyLead,
  onlyThisText: 'enrolPhishing',
  kindOf: ({ passwordless }, { texts }) => (passwordless ? texts.typePasskey : null),
  placeOf,
  linksOf: ({ id }, page) => [{ text: page.texts.rename, href: page.link(`webauthn/${id}/edit`) }],
  removalOf: ({ id }, page) => page.link(`webauthn/${id}/remove`),
  Ceremony: ({ page, next, needs, children }) => (
    <section>
      <p>{page.texts.authenticateKeyLead}</p>
      <KeyForm page={page} ceremony="get" next={next} needs={needs} button={page.texts.authenticateKeyButton}>
        {children}
      </KeyForm>
    </section>
  ),
};
