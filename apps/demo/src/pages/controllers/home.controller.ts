import { Controller, Get, Header } from '@nestjs/common';
import { SkipMfa } from 'nestjs-mfa';
import { mfaStyleSheet } from 'nestjs-mfa/pages';

import { BrowserPages } from '../page.decorators.js';
import type { PageView } from '../page.js';
import { showPage } from '../page.js';
import { HomePage } from '../templates/home.js';

/** An overview of what there is to try. */
@SkipMfa()
@BrowserPages()
@Controller()
export class HomeController {
  private readonly styleSheet = mfaStyleSheet();

  @Get()
  home(): PageView {
    return showPage(HomePage, {});
  }

  /** The library's style sheet, also available when its pages are off. */
  @Get('mfa.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  @Header('X-Content-Type-Options', 'nosniff')
  styles(): string {
    return this.styleSheet;
  }
}
