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

/** What the pages that are about all factors show of one kind, and where they lead for it. */
export interface FactorPart {
  type: MfaType;
  /** The page that adds one. */
  addPage: string;
  addText: (page: MfaPageContext) => string;
  /** What is said of it where users choose which one to set up. Default: nothing. */
  lead?: (props: EnrolProps) => string;
  /** What is said where only this one will do, in place of the usual. */
  onlyThisText?: MfaPlainPageText;
  /** How one of them is called, where that depends on what it can do. Default: as its kind. */
  kindOf?: (factor: ListedAuthenticator, page: MfaPageContext) => string | null;
  /** Where one of them is, in words. Default: it goes without saying. */
  placeOf?: (factor: ListedAuthenticator, page: MfaPageContext) => string | null;
  /** What can be done with one besides removing it. Default: nothing. */
  linksOf?: (factor: ListedAuthenticator, page: MfaPageContext, canAdd: boolean) => readonly FactorLink[];
  /** The address that removes one. */
  removalOf: (factor: ListedAuthenticator, page: MfaPageContext) => string;
  /** What the field for its code says, where the user has the code at hand. Default: it is called by the kind. */
  codeField?: (props: AuthenticateProps) => { label: string; hint: string };
  /** Proves it without a code; the children are what its form asks besides. */
  Ceremony?: (props: AuthenticateProps & { children: ComponentChildren }) => VNode;
}

/** The same of what stands in for a lost factor: it has a section of its own, and is asked for in place of all others. */
export interface BackupPart {
  type: MfaType;
  /** What leads to it from the other ways. */
  useText: MfaPlainPageText;
  /** What its form asks. */
  Fields: (props: AuthenticateProps) => VNode;
}
