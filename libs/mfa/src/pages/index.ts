// The public API of `nestjs-mfa/pages`, for applications that replace pages.
export type {
  ListedAuthenticator,
  MfaLayout,
  MfaPageContext,
  MfaPageName,
  MfaPageProps,
  MfaPageTemplate,
  MfaPageError,
  MfaPlacedSession,
} from './frame/page-props.js';
export type { MfaCountedText, MfaPlainPageText } from '../i18n/page-texts.js';
export { mfaStyleSheet } from './frame/style-sheet.js';
export { TEMPLATES as MFA_PAGE_TEMPLATES } from './render/templates.js';
export { default as MfaDefaultLayout } from './templates/layout.js';
export { Alert, Notice } from './templates/parts/alert.js';
export { Back } from './templates/parts/back.js';
export { Checkbox } from './templates/parts/checkbox.js';
export { CodeField, Field } from './templates/parts/field.js';
export { Form } from './templates/parts/form.js';
export { KeyForm } from './templates/parts/key-form.js';
export { SignOut } from './templates/parts/sign-out.js';
export { Support } from './templates/parts/support.js';
export { NameField } from './templates/parts/name-field.js';
export { Moment, TextWithMoment } from './templates/parts/moment.js';
