import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Guarded } from './parts.js';

export const StaffPage: PageComponent<{ staff: string }> = ({ site, staff }) => (
  <Layout site={site} title="Staff area">
    <Guarded by="@UseGuards(StaffGuard) @RequireMfa()">
      <p>{staff}.</p>
      <p>Here, staff is everybody whose address ends in @staff.example.com.</p>
    </Guarded>
  </Layout>
);
