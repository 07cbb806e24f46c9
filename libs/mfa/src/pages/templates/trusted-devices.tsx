import type { VNode } from 'preact';

import type { TrustedDeviceView } from '../../trusted-browsers/trusted-devices.service.js';
import type { MfaPageContext, MfaPageTemplate } from '../frame/page-props.js';
import { shownAddress } from '../../i18n/shown-address.js';
import { Notice } from './parts/alert.js';
import { Back } from './parts/back.js';
import { browserName } from './parts/browser-name.js';
import { Fact } from './parts/fact.js';
import { Form } from './parts/form.js';
import { LastUsed } from './parts/last-used.js';
import { Moment } from './parts/moment.js';

const TrustedDevices: MfaPageTemplate<'trusted-devices'> = ({ page, devices, notice }) => {
  const { texts } = page;
  return (
    <>
      <Notice text={notice} />
      <p>{devices.length === 0 ? texts.devicesNone : texts.devicesLead}</p>
      {devices.length > 0 && (
        <>
          <ul class="mfa-list">
            {devices.map((device) => (
              <Device key={device.id} page={page} device={device} />
            ))}
          </ul>
          <Form page={page}>
            <p class="mfa-actions">
              <button type="submit" name="all" value="1" class="mfa-destructive">
                {texts.devicesRevokeAll}
              </button>
            </p>
          </Form>
        </>
      )}
      <Back page={page} />
    </>
  );
};

function Device({ page, device }: { page: MfaPageContext; device: TrustedDeviceView }): VNode {
  const { texts } = page;
  const { id, userAgent, ip, createdAt, lastUsedAt, expiresAt, current } = device;
  const address = shownAddress(ip);
  return (
    <li class="mfa-card">
      <div class="mfa-card-text">
        <h2 id={`device-${id}`}>
          {browserName(userAgent, page)}
          {current && ` (${texts.devicesCurrent})`}
        </h2>
        <dl>
          {address !== null && <Fact name={texts.devicesAddress}>{address}</Fact>}
          <Fact name={texts.devicesTrusted}>
            <Moment page={page} at={createdAt} />
          </Fact>
          <LastUsed page={page} at={lastUsedAt} />
          <Fact name={texts.devicesExpires}>
            <Moment page={page} at={expiresAt} />
          </Fact>
        </dl>
      </div>
      <Form page={page} class="mfa-card-actions">
        <button type="submit" name="id" value={id} aria-describedby={`device-${id}`}>
          {texts.devicesRevoke}
        </button>
      </Form>
    </li>
  );
}

export default TrustedDevices;
