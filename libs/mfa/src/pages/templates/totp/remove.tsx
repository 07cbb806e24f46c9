import type { MfaPageTemplate } from '../../frame/page-props.js';
import { RemovalOfOne } from '../parts/removal.js';

const RemoveTotp: MfaPageTemplate<'totp/remove'> = (props) => (
  <RemovalOfOne {...props} lead={props.page.texts.totpRemoveLead} />
);

export default RemoveTotp;
