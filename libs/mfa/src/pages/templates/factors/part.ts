import type { MfaType } from '../../../core/policy/methods.js';
import { factorLabel } from '../../../i18n/factor-label.js';
import type { FactorPart } from '../../frame/factor-part.js';

/** The part for a factor of the option `factors`. */
export function pluggedPart(type: MfaType): FactorPart {
  return {
    type,
    addPage: `factors/${type}/add`,
    addText: (page) => page.fill('addFactor', { factor: factorLabel(type, page) }),
    removalOf: ({ id }, page) => page.link(`factors/${type}/remove`, { id }),
  };
}
