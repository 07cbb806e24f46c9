import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Guarded } from './parts.js';

export const FeedPage: PageComponent<{ feed: string[] }> = ({ site, feed }) => (
  <Layout site={site} title="Feed">
    <Guarded by="@RequireMfa({ allowUnenrolled: true })">
      <ul class="mfa-list">
        {feed.map((item) => (
          <li key={item} class="mfa-card">
            {item}
          </li>
        ))}
      </ul>
    </Guarded>
  </Layout>
);
