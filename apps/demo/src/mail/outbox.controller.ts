import { Controller, Get, Header, Inject } from '@nestjs/common';

import { MailerService } from './mailer.service.js';
import { outboxPage } from './outbox-page.js';

/** Shows what the demo would have sent: to anybody, since it is a demo. */
@Controller('outbox')
export class OutboxController {
  constructor(@Inject(MailerService) private readonly mailer: MailerService) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  )
  @Header('Cache-Control', 'no-store')
  async page(): Promise<string> {
    return outboxPage(await this.mailer.outbox());
  }
}
