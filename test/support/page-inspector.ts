import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

import { THOROUGH } from './thorough.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FOLDER = 'coverage/screenshots';
// Pages overflow at the narrowest width first.
const WIDTHS = THOROUGH ? [320, 768, 1280] : [320];
const SCHEMES: readonly ('light' | 'dark')[] = THOROUGH ? ['light', 'dark'] : ['light'];

/** The result of an inspection without findings. */
export const NOTHING: PageInspector['found'] = {
  accessibility: [],
  problems: [],
  external: [],
  overflowing: [],
  undersized: [],
};

/** Inspects pages in the browser and collects findings. */
export class PageInspector {
  readonly found = {
    /** By page and axe rule. */
    accessibility: [] as string[],
    /** Content security policy violations and script errors. */
    problems: [] as string[],
    /** Requests to anything other than the application. */
    external: [] as string[],
    overflowing: [] as string[],
    /** Links and buttons that are too small. */
    undersized: [] as string[],
  };
  private looks = 0;

  constructor(private readonly origin: string) {
    mkdirSync(FOLDER, { recursive: true });
  }

  /** Watches every page of this context from now on. */
  async watch(context: BrowserContext): Promise<void> {
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(this.origin) && !url.startsWith('data:')) this.found.external.push(url);
    });
    context.on('console', (message) => {
      // The browser also logs refused requests here, which are what the tests are about.
      if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
      this.found.problems.push(message.text());
    });
    context.on('weberror', (error) => this.found.problems.push(error.error().message));
    await context.exposeBinding('reportViolation', (_, text: string) => this.found.problems.push(text));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const { reportViolation } = window as unknown as { reportViolation: (text: string) => void };
        reportViolation(`${event.violatedDirective}: ${event.blockedURI} at ${location.pathname}`);
      });
    });
  }

  /**
   * Runs axe on the page and checks that it fits a narrow window; in thorough runs, in every scheme and width, with
   * screenshots.
   */
  async look(page: Page, name: string): Promise<void> {
    const size = page.viewportSize();
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await this.askAxe(page, `${name} (${colorScheme})`);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await this.measure(page, `${name} at ${width}`);
        const path = `${FOLDER}/${name}-${width}-${colorScheme}.png`;
        if (THOROUGH) await page.screenshot({ path, fullPage: true });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    if (size) await page.setViewportSize(size);
  }

  /** Prints how many inspections there were, and their findings. */
  report(name: string): void {
    const { accessibility, problems, external } = this.found;
    process.stdout.write(
      `${name}: axe looked ${this.looks} times and found ${accessibility.length} violations; the content security policy refused ${problems.length} times; ${external.length} requests went elsewhere\n`,
    );
  }

  private async askAxe(page: Page, name: string): Promise<void> {
    // Evaluated rather than added as an element, which the page's content security policy would rightly refuse.
    await page.evaluate(AXE);
    const results = await page.evaluate(() => {
      const { axe } = globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } };
      return axe.run({ resultTypes: ['violations'] });
    });
    this.looks += 1;
    for (const { id, nodes } of results.violations) {
      this.found.accessibility.push(`${name}: ${id} ${nodes.map(({ html }) => html).join(' | ')}`);
    }
  }

  /** WCAG 2.2, 1.4.10: nothing is wider than the window. */
  private async measure(page: Page, name: string): Promise<void> {
    const excess = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (excess > 0) this.found.overflowing.push(`${name}: ${excess} px`);
    // WCAG 2.2, 2.5.8: at least 24 pixels, except for links within a sentence.
    const small = await page.evaluate(() => {
      const standsInText = ({ parentElement }: Element) =>
        [...(parentElement?.childNodes ?? [])].some(
          ({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && textContent?.trim(),
        );
      return [...document.querySelectorAll('a, button')]
        .filter((one) => one.checkVisibility() && !standsInText(one))
        .filter((one) => one.getBoundingClientRect().height < 24)
        .map(({ outerHTML }) => outerHTML);
    });
    this.found.undersized.push(...small.map((html) => `${name}: ${html}`));
  }
}
