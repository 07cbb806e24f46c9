import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Guarded } from './parts.js';

export const SigningPage: PageComponent<{ signing: string }> = ({ site, signing }) => (
  <Layout site={site} title="Signing">
    <Guarded by="@RequireMfa({ userVerified: true })">
      <p>{signing}.</p>
      <p>A touch shows that somebody was there; a PIN or a fingerprint, that it was you.</p>
    </Guarded>
  </Layout>
);

export const DevicePage: PageComponent<{ device: string }> = ({ site, device }) => (
  <Layout site={site} title="Device">
    <Guarded by="@RequireMfa({ deviceBound: true })">
      <p>{device}.</p>
      <p>A passkey that is synced is wherever its account is signed in.</p>
    </Guarded>
  </Layout>
);

export const BothPage: PageComponent<{ both: string }> = ({ site, both }) => (
  <Layout site={site} title="Both">
    <Guarded by="@RequireMfa({ allOf: ['totp', 'webauthn'] })">
      <p>{both}.</p>
    </Guarded>
  </Layout>
);

export const TransferPage: PageComponent<{ transferred: boolean }> = ({ site }) => (
  <Layout site={site} title="Transfer">
    <Guarded by="@RequireMfa({ once: true })">
      <p>The transfer is done. The next one needs a confirmation of its own.</p>
    </Guarded>
  </Layout>
);
