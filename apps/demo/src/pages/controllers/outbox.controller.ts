import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { SkipMfa } from 'nestjs-mfa';

import type { Mail } from '../../mail/mail.entity.js';
import { MailerService } from '../../mail/mailer.service.js';
import { BrowserPages } from '../page.decorators.js';
import type { PageView } from '../page.js';
import { showPage } from '../page.js';
import { OutboxPage } from '../templates/outbox.js';

/** Express's content negotiation. */
interface Negotiating {
  accepts(types: string[]): string | false;
}

/** A message in JSON form. */
interface SentMessage {
  to: string;
  /** `email` or `sms`. */
  channel: string;
  subject: string;
  text: string;
  at: Date;
}

/** Shows what the demo would have sent. It is public, since this is only a demo. */
@SkipMfa()
@BrowserPages()
@Controller('outbox')
export class OutboxController {
  constructor(@Inject(MailerService) private readonly mailer: MailerService) {}

  /** Returns a page unless the client explicitly asks for JSON. */
  @Get()
  @Header('Vary', 'Accept')
  @Header('Cache-Control', 'no-store')
  async outbox(@Req() request: Negotiating): Promise<PageView | SentMessage[]> {
    const mails = await this.mailer.outbox();
    return request.accepts(['html', 'json']) === 'json'
      ? mails.map(toMessage)
      : showPage(OutboxPage, { mails });
  }
}

function toMessage({ recipient, channel, subject, text, sentAt }: Mail): SentMessage {
  return { to: recipient, channel: channel ?? 'email', subject, text, at: new Date(sentAt) };
}
