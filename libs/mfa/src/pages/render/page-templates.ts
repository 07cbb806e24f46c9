import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import { importFile } from '../../options/import-file.js';
import { MfaOptionsError } from '../../options/options-error.js';
import type { ResolvedPages } from '../frame/resolve-pages.js';
import { MFA_PAGES } from '../../options/addresses.js';
import type { MfaLayout, MfaPageName, MfaPageTemplate } from '../frame/page-props.js';
import { PAGE_NAMES } from '../frame/page-texts.js';
import { TEMPLATES } from './templates.js';
import Layout from '../templates/layout.js';

const EXTENSIONS = ['.js', '.mjs', '.cjs'];

/** The pages and their layout: the application's own if it has them, otherwise the module's. */
@Injectable()
export class PageTemplates implements OnModuleInit {
  private readonly templates: Record<MfaPageName, MfaPageTemplate> = { ...TEMPLATES } as Record<
    MfaPageName,
    MfaPageTemplate
  >;
  layout: MfaLayout = Layout;

  constructor(@Inject(MFA_PAGES) private readonly pages: ResolvedPages | null) {}

  /** @throws {MfaOptionsError} if a module of `templatesDir` can't be loaded, or doesn't export a component */
  async onModuleInit(): Promise<void> {
    const { templatesDir = null, layout = null } = this.pages ?? {};
    if (templatesDir !== null) {
      for (const name of PAGE_NAMES) {
        const own = await load(templatesDir, name);
        if (own) this.templates[name] = own as MfaPageTemplate;
      }
      this.layout = ((await load(templatesDir, 'layout')) as MfaLayout | null) ?? this.layout;
    }
    this.layout = layout ?? this.layout;
  }

  get(name: MfaPageName): MfaPageTemplate {
    return this.templates[name];
  }
}

async function load(folder: string, name: string): Promise<unknown> {
  const file = EXTENSIONS.map((extension) => join(folder, `${name}${extension}`)).find((path) =>
    existsSync(path),
  );
  if (!file) return null;
  const loaded: unknown = await importFile(file).catch((error: unknown) => {
    throw new MfaOptionsError([`\`pages.templatesDir\`: ${file} can't be loaded: ${String(error)}`]);
  });
  const component = componentOf(loaded);
  if (typeof component === 'function') return component;
  throw new MfaOptionsError([
    `\`pages.templatesDir\`: ${file} must have a component as its default export: a function that returns markup`,
  ]);
}

/** The default export. A CommonJS module compiled from an ES module nests it one level deeper. */
function componentOf(loaded: unknown): unknown {
  const { default: exported } = loaded as { default?: unknown };
  if (typeof exported === 'function') return exported;
  return (exported as { default?: unknown } | null | undefined)?.default;
}
