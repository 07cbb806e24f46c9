import type { MfaPageTemplate } from '../../frame/page-props.js';
import { Removal } from '../parts/removal.js';

const RemoveKey: MfaPageTemplate<'webauthn/remove'> = ({ authenticator: { name }, ...props }) => (
  <Removal {...props} name={name} lead={props.page.fill('webauthnRemoveLead', { name })} />
);

export default RemoveKey;
