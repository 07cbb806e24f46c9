import { createHash } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { SCRIPT, STYLE_SHEET } from '../assets/embedded.js';
import { MfaPageLinks } from '../../refusals/page-links.js';

export interface PageAsset {
  type: string;
  content: string;
  /** Starts with a hash of the content, so that different content has a different URL. */
  version: string;
}

const ASSETS = {
  'mfa.css': { type: 'text/css; charset=utf-8', content: STYLE_SHEET },
  'mfa.js': { type: 'text/javascript; charset=utf-8', content: SCRIPT },
} as const;
type AssetName = keyof typeof ASSETS;

/** The style sheet and the script of the pages. */
@Injectable()
export class PageAssets {
  private readonly known = new Map<string, PageAsset>(
    Object.entries(ASSETS).map(([name, { type, content }]) => {
      const version = createHash('sha256').update(content).digest('base64url').slice(0, 12);
      return [name, { type, content, version }];
    }),
  );

  constructor(@Inject(MfaPageLinks) private readonly links: MfaPageLinks) {}

  find(name: string): PageAsset | undefined {
    return this.known.get(name);
  }

  addresses(): { css: string; script: string } {
    return { css: this.addressOf('mfa.css'), script: this.addressOf('mfa.js') };
  }

  private addressOf(name: AssetName): string {
    return this.links.at(`assets/${name}`, { v: this.find(name)?.version });
  }
}
