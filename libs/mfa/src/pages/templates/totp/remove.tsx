import type { MfaPageTemplate } from '../../page-props.js';
import { Removal } from '../parts/removal.js';

const RemoveTotp: MfaPageTemplate<'totp/remove'> = (props) => (
  <Removal {...props} lead={props.page.texts.totpRemoveLead} />
);

export default RemoveTotp;
