import { Controller, Get, Header } from '@nestjs/common';
import { SkipMfa } from 'nestjs-mfa';
import { mfaStyleSheet } from 'nestjs-mfa/pages';

import { BrowserPages } from '../page.decorators.js';
import type { PageView } from '../page.js';
import { showPage } from '../page.js';
import { HomePage } from '../templates/home.js';

/** What there is to try. */
@SkipMfa()
@BrowserPages()
@Controller()
export class HomeController {
  private readonly styleSheet = mfaStyleSheet();

  @Get()
  home(): PageView {
    return showPage(HomePage, {});
  }

  /** The look of the library's pages, also when they are switched off. */
  @Get('mfa.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  @Header('X-Content-Type-Options', 'nosniff')
  styles(): string {
    return this.styleSheet;
  }
}
