import type { MfaPageTemplate } from '../../page-props.js';
import { Removal } from '../parts/removal.js';

/** Removing a factor of the option `factors`. */
const RemoveFactor: MfaPageTemplate<'factors/remove'> = (props) => (
  <Removal {...props} lead={props.page.texts.factorRemoveLead} />
);

export default RemoveFactor;
