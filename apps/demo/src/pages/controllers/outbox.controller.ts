import { Controller, Get, Inject } from '@nestjs/common';
import { SkipMfa } from 'nestjs-mfa';

import { MailerService } from '../../mail/mailer.service.js';
import { BrowserPages } from '../page.decorators.js';
import type { PageView } from '../page.js';
import { showPage } from '../page.js';
import { OutboxPage } from '../templates/outbox.js';

/** Shows what the demo would have sent: to anybody, since it is a demo. */
@SkipMfa()
@BrowserPages()
@Controller('outbox')
export class OutboxController {
  constructor(@Inject(MailerService) private readonly mailer: MailerService) {}

  @Get()
  async page(): Promise<PageView> {
    return showPage(OutboxPage, { mails: await this.mailer.outbox() });
  }
}
