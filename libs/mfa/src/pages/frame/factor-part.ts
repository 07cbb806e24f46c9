import type { ComponentChildren, VNode } from 'preact';

import type { MfaType } from '../../core/policy/methods.js';
import type { MfaPlainPageText } from '../../i18n/page-texts.js';
import type { ListedAuthenticator, MfaPageContext, MfaPageProps } from './page-props.js';

export type AuthenticateProps = MfaPageProps['authenticate'] & { page: MfaPageContext };
type EnrolProps = MfaPageProps['enrol'] & { page: MfaPageContext };

/** A link on the card of a factor. */
interface FactorLink {
  text: string;
  href: string;
}

/** What the pages about all factors show for one type, and where they link to. */
export interface FactorPart {
  type: MfaType;
  /** The page that adds a factor of this type. */
  addPage: string;
  addText: (page: MfaPageContext) => string;
  /** The description shown where users choose which factor to set up. Default: none. */
  lead?: (props: EnrolProps) => string;
  /** The text shown if only this type is accepted, instead of the default text. */
  onlyThisText?: MfaPlainPageText;
  /** The kind of a factor, if it depends on what the factor can do. Default: the type's label. */
  kindOf?: (factor: ListedAuthenticator, page: MfaPageContext) => string | null;
  /** Where a factor is, in words. Default: not shown. */
  placeOf?: (factor: ListedAuthenticator, page: MfaPageContext) => string | null;
  /** Links to further actions on a factor besides removing it. Default: none. */
  linksOf?: (factor: ListedAuthenticator, page: MfaPageContext, canAdd: boolean) => readonly FactorLink[];
  /** The URL that removes a factor. */
  removalOf: (factor: ListedAuthenticator, page: MfaPageContext) => string;
  /** The label and hint of the field for a code that the user has at hand. Default: the field is labelled with the type's name. */
  codeField?: (props: AuthenticateProps) => { label: string; hint: string };
  /** Proves the factor without a code. The children are additional fields of its form. */
  Ceremony?: (props: AuthenticateProps & { children: ComponentChildren }) => VNode;
}

/** The same for a factor that replaces lost ones. It has a section of its own, and is asked for instead of all others. */
export interface BackupPart {
  type: MfaType;
  /** The text of the link to it from the other factors. */
  useText: MfaPlainPageText;
  /** The fields of its form. */
  Fields: (props: AuthenticateProps) => VNode;
}
