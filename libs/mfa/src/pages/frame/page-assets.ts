import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Inject, Injectable } from '@nestjs/common';

import { PageLinks } from '../../refusals/page-links.js';

export interface PageAsset {
  type: string;
  content: string;
  /** Begins with the hash of the content: another content has another address. */
  version: string;
}

const TYPES = { 'mfa.css': 'text/css; charset=utf-8', 'mfa.js': 'text/javascript; charset=utf-8' } as const;
type AssetName = keyof typeof TYPES;

/** The style sheet and the script of the pages. */
@Injectable()
export class PageAssets {
  private readonly known = new Map<string, PageAsset>(
    Object.entries(TYPES).map(([name, type]) => {
      const content = readFileSync(join(import.meta.dirname, '../assets', name), 'utf8');
      const version = createHash('sha256').update(content).digest('base64url').slice(0, 12);
      return [name, { type, content, version }];
    }),
  );

  constructor(@Inject(PageLinks) private readonly links: PageLinks) {}

  find(name: string): PageAsset | undefined {
    return this.known.get(name);
  }

  addresses(): { css: string; script: string } {
    return { css: this.addressOf('mfa.css'), script: this.addressOf('mfa.js') };
  }

  private addressOf(name: AssetName): string {
    return this.links.to(`assets/${name}`, { v: this.find(name)?.version });
  }
}
