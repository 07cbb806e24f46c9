import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FOLDER = 'coverage/screenshots';
const WIDTHS = [320, 768, 1280];
const SCHEMES = ['light', 'dark'] as const;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Looks at pages as they are, and keeps what it found. */
export class PageInspector {
  /** By page and rule. */
  readonly accessibility: string[] = [];
  /** What the content security policy refused, and what went wrong in scripts. */
  readonly problems: string[] = [];
  /** Requests to anywhere but the application. */
  readonly external: string[] = [];
  readonly overflowing: string[] = [];
  looks = 0;

  constructor(private readonly origin: string) {
    mkdirSync(FOLDER, { recursive: true });
  }

  /** Watches every page of this context from now on. */
  async watch(context: BrowserContext): Promise<void> {
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(this.origin) && !url.startsWith('data:')) this.external.push(url);
    });
    context.on('console', (message) => {
      // The browser also reports refused requests here; those are what the tests are about.
      if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
      this.problems.push(message.text());
    });
    context.on('weberror', (error) => this.problems.push(error.error().message));
    await context.exposeBinding('reportViolation', (_, text: string) => this.problems.push(text));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const { reportViolation } = window as unknown as { reportViolation: (text: string) => void };
        reportViolation(`${event.violatedDirective}: ${event.blockedURI} at ${location.pathname}`);
      });
    });
  }

  /** Asks axe about the page in each scheme, and takes pictures of it at each width. */
  async look(page: Page, name: string): Promise<void> {
    const size = page.viewportSize();
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await this.askAxe(page, `${name} (${colorScheme})`);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await this.measure(page, `${name} at ${width}`);
        await page.screenshot({ path: `${FOLDER}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    if (size) await page.setViewportSize(size);
  }

  private async askAxe(page: Page, name: string): Promise<void> {
    await page.evaluate(AXE);
    const results = await page.evaluate(
      (rules) =>
        (
          window as unknown as { axe: { run(context: Document, options: object): Promise<AxeResults> } }
        ).axe.run(document, { runOnly: rules }),
      RULES,
    );
    this.looks += 1;
    for (const { id, nodes } of results.violations) {
      this.accessibility.push(`${name}: ${id} ${nodes.map(({ html }) => html).join(' | ')}`);
    }
  }

  /** WCAG 2.2, 1.4.10: nothing is wider than the window. */
  private async measure(page: Page, name: string): Promise<void> {
    const excess = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (excess > 0) this.overflowing.push(`${name}: ${excess} px`);
  }
}
