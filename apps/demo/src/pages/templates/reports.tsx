import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Guarded } from './parts.js';

export const ReportsPage: PageComponent<{ reports: string[] }> = ({ site, reports }) => (
  <Layout site={site} title="Reports">
    <Guarded by="@RequireMfa()">
      <p>You see these because you proved a second factor a moment ago.</p>
      <ul class="mfa-list">
        {reports.map((report) => (
          <li key={report} class="mfa-card">
            {report}
          </li>
        ))}
      </ul>
    </Guarded>
  </Layout>
);
