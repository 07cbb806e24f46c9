import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Guarded } from './parts.js';

export const VaultPage: PageComponent<{ vault: string }> = ({ site, vault }) => (
  <Layout site={site} title="Vault">
    <Guarded by="@RequireMfa({ phishingResistant: true })">
      <p>{vault}.</p>
      <p>A code can be typed into a forged page; the answer of a security key is worth nothing there.</p>
    </Guarded>
  </Layout>
);
