import { TOTP_TRAITS } from '../../../factors/totp/traits/totp.traits.js';
import type { FactorPart } from '../../frame/factor-part.js';

export const TOTP_PART: FactorPart = {
  type: TOTP_TRAITS.type,
  addPage: 'totp/add',
  addText: ({ texts }) => texts.addTotp,
  lead: ({ page, period }) => page.fill('enrolTotpLead', { period }),
  linksOf: ({ id }, page, canAdd) =>
    canAdd ? [{ text: page.texts.totpReplace, href: page.link('totp/add', { replaces: id }) }] : [],
  removalOf: ({ id }, page) => page.link('totp/remove', { id }),
  codeField: ({ page, digits }) => ({
    label: page.texts.authenticateCodeLabel,
    hint: page.fill('authenticateCodeHint', { digits }),
  }),
};
