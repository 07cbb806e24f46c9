import type { VNode } from 'preact';

import { factorLabel } from '../../i18n/factor-label.js';
import type { ListedAuthenticator, MfaPageContext } from '../frame/page-props.js';
import { partOf } from './factor-parts.js';
import { Fact } from './parts/fact.js';
import { LastUsed } from './parts/last-used.js';
import { Moment } from './parts/moment.js';

interface Props {
  page: MfaPageContext;
  factor: ListedAuthenticator;
  /** Whether another factor of this kind could be added. */
  canAdd: boolean;
  /** Whether it no longer works because the user's address or number has changed. */
  isVoid: boolean;
}

/** A second factor in the list. */
export function FactorCard({ page, factor, canAdd, isVoid }: Props): VNode {
  const { texts } = page;
  const { name, type, createdAt, lastUsedAt, locked, suspended, provider, destination } = factor;
  const { kindOf, placeOf, linksOf, removalOf } = partOf(type);
  const place = placeOf?.(factor, page) ?? null;
  const label = kindOf?.(factor, page) ?? factorLabel(type, page);
  const kind = [label, provider, destination].filter((one) => one && one !== name).join(' · ');
  return (
    <li class="mfa-card">
      <div class="mfa-card-text">
        <h3>{name}</h3>
        {/* Omitted if the factor's name already is its kind. */}
        {kind !== '' && <p>{kind}</p>}
        {place !== null && <p>{place}</p>}
        {suspended && <p class="mfa-warning">{texts.suspended}</p>}
        {locked && !suspended && <p class="mfa-warning">{texts.locked}</p>}
        {isVoid && <p class="mfa-warning">{texts.destinationChanged}</p>}
        <dl>
          <Fact name={texts.added}>
            <Moment page={page} at={createdAt} />
          </Fact>
          <LastUsed page={page} at={lastUsedAt} />
        </dl>
      </div>
      <p class="mfa-card-actions">
        {linksOf?.(factor, page, canAdd).map(({ text, href }) => (
          <a key={href} href={href}>
            {text} <span class="mfa-hidden">{name}</span>
          </a>
        ))}
        <a href={page.link(suspended ? 'found' : 'lost', { id: factor.id })}>
          {suspended ? texts.foundLink : texts.lostLink} <span class="mfa-hidden">{name}</span>
        </a>
        <a class="mfa-danger" href={removalOf(factor, page)}>
          {texts.removeSubmit} <span class="mfa-hidden">{name}</span>
        </a>
      </p>
    </li>
  );
}
