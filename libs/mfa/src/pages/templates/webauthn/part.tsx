import { WEBAUTHN_TRAITS } from '../../../factors/webauthn/traits/webauthn.traits.js';
import type { FactorPart } from '../../frame/factor-part.js';
import { KeyForm } from '../parts/key-form.js';

export const WEBAUTHN_PART: FactorPart = {
  type: WEBAUTHN_TRAITS.type,
  addPage: 'webauthn/add',
  addText: ({ texts }) => texts.addKey,
  lead: ({ page }) => page.texts.enrolKeyLead,
  onlyThisText: 'enrolPhishing',
  kindOf: ({ passwordless }, { texts }) => (passwordless ? texts.typePasskey : null),
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
