import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

const read = (path: string): string => readFileSync(path, 'utf8');

/** The guides, and the applications whose code they show. */
const GUIDES: Record<string, string[]> = {
  fastify: ['fastify.app.ts'],
  graphql: ['graphql.app.ts'],
  config: ['mfa.config.ts', 'config.app.ts'],
  'other-orms': ['drizzle.app.ts', 'prisma.app.ts'],
  transactions: ['transactional.app.ts'],
  throttling: ['throttler.app.ts'],
  oidc: ['oidc.app.ts'],
  spa: ['spa/api.app.ts', 'spa/page.ts', 'spa/cookie.page.ts', 'spa/header.page.ts'],
  tokens: ['tokens.app.ts'],
  impersonation: ['impersonation.app.ts'],
  mobile: ['mobile/api.app.ts', 'mobile/phone.ts'],
};

/** Without the indentation, which is another where a method stands alone. */
const flat = (code: string): string =>
  code
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();

const blocksOf = (guide: string): string[] =>
  [...guide.matchAll(/ *```(?:ts|js|graphql)\n([\s\S]*?)```/g)].map(([, code]) => code as string);

describe('the guide to Passport', () => {
  const applications = ['passport-jwt.app.ts', 'passport-session.app.ts']
    .map((name) => read(`test/fit/${name}`))
    .join('\n')
    // Which finds its users among those of the tests.
    .replaceAll('extends TestAdapter', 'extends DefaultMfaAdapter');
  const classes = [
    ...read('docs/passport.md').matchAll(/```ts\n((?:@Injectable\(\)\n)?class [\s\S]*?)```/g),
  ].map(([, code]) => code as string);

  it('shows the code of the applications that are tested', () => {
    expect(classes).toHaveLength(3);
    for (const code of classes) expect(applications).toContain(code);
  });
});

describe.each(Object.entries(GUIDES))('the guide docs/%s.md', (name, files) => {
  it('shows the code of the application that is tested, and nothing else', () => {
    const application = flat(files.map((file) => read(`test/fit/${file}`)).join('\n'));
    const blocks = blocksOf(read(`docs/${name}.md`));
    expect(blocks).not.toEqual([]);
    for (const code of blocks) expect(application).toContain(flat(code));
  });
});

describe('the page docs/README.md', () => {
  const links = [...read('docs/README.md').matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) =>
    link.split('#'),
  );

  it('leads to every guide, and to pages and headings that are there', () => {
    const files = links.map(([file]) => file);
    expect(files).toEqual(expect.arrayContaining(Object.keys(GUIDES).map((name) => `${name}.md`)));
    const missing = links.filter(([file = '', anchor]) => {
      const headings = [...read(`docs/${file}`).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => slugOf(text));
      return anchor !== undefined && !headings.includes(anchor);
    });
    expect(missing).toEqual([]);
  });
});

/** The anchor of a heading, as GitHub makes it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
