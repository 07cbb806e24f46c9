import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

const guide = readFileSync('docs/passport.md', 'utf8');
const applications = ['passport-jwt', 'passport-session']
  .map((name) => readFileSync(`test/fit/${name}.spec.ts`, 'utf8'))
  .join('\n')
  // Which finds its users among those of the tests.
  .replaceAll('extends TestAdapter', 'extends DefaultMfaAdapter');

describe('the guide to Passport', () => {
  const classes = [...guide.matchAll(/```ts\n((?:@Injectable\(\)\n)?class [\s\S]*?)```/g)].map(
    ([, code]) => code as string,
  );

  it('shows the code of the applications that are tested', () => {
    expect(classes).toHaveLength(3);
    for (const code of classes) expect(applications).toContain(code);
  });
});
