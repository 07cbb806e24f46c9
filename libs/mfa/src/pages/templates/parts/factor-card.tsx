import type { VNode } from 'preact';

import { factorLabel } from '../../../i18n/factor-label.js';
import type { ListedAuthenticator, MfaPageContext } from '../../frame/page-props.js';
import { Moment } from './moment.js';

interface Props {
  page: MfaPageContext;
  factor: ListedAuthenticator;
  /** Whether another authenticator app can take the place of one. */
  canReplace: boolean;
}

/** One second factor in the list. */
export function FactorCard({ page, factor, canReplace }: Props): VNode {
  const { texts } = page;
  const { id, name, type, createdAt, lastUsedAt, locked, provider, destination } = factor;
  const isKey = type === 'webauthn';
  const isApp = type === 'totp';
  const removal = isKey
    ? page.link(`webauthn/${id}/remove`)
    : page.link(isApp ? 'totp/remove' : `factors/${type}/remove`, { id });
  return (
    <li class="mfa-card">
      <div class="mfa-card-text">
        <h3>{name}</h3>
        <p>
          {kindOf(factor, page)}
          {provider && ` · ${provider}`}
          {destination && ` · ${destination}`}
        </p>
        {locked && <p class="mfa-warning">{texts.locked}</p>}
        <dl>
          <div>
            <dt>{texts.added}</dt>
            <dd>
              <Moment page={page} at={createdAt} />
            </dd>
          </div>
          <div>
            <dt>{texts.lastUsed}</dt>
            <dd>{lastUsedAt ? <Moment page={page} at={lastUsedAt} /> : texts.never}</dd>
          </div>
        </dl>
      </div>
      <p class="mfa-card-actions">
        {isApp && canReplace && (
          <a href={page.link('totp/add', { replaces: id })}>
            {texts.totpReplace} <span class="mfa-hidden">{name}</span>
          </a>
        )}
        {isKey && (
          <a href={page.link(`webauthn/${id}/edit`)}>
            {texts.rename} <span class="mfa-hidden">{name}</span>
          </a>
        )}
        <a class="mfa-danger" href={removal}>
          {texts.removeSubmit} <span class="mfa-hidden">{name}</span>
        </a>
      </p>
    </li>
  );
}

function kindOf({ type, passwordless }: ListedAuthenticator, page: MfaPageContext): string {
  return passwordless ? page.texts.typePasskey : factorLabel(type, page);
}
