import type { MfaPageTemplate } from '../../frame/page-props.js';
import { RemovalOfOne } from '../parts/removal.js';

/** Removes a factor of the option `factors`. */
const RemoveFactor: MfaPageTemplate<'factors/remove'> = (props) => (
  <RemovalOfOne {...props} lead={props.page.texts.factorRemoveLead} />
);

export default RemoveFactor;
