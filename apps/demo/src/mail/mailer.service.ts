import { randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { MfaMessage, MfaNotification } from 'nestjs-mfa';
import { createTransport } from 'nodemailer';
import { Repository } from 'typeorm';

import { Mail } from './mail.entity.js';

const FROM = 'nestjs-mfa demo <no-reply@example.com>';
const SHOWN = 100;

/**
 * Sends mails to an outbox that the demo displays, instead of a mail server. For a real one, pass nodemailer its URL:
 * `createTransport('smtps://user:password@mail.example.com')`.
 */
@Injectable()
export class MailerService {
  private readonly transport = createTransport({ jsonTransport: true });
  private last = 0;

  constructor(@InjectRepository(Mail) private readonly mails: Repository<Mail>) {}

  async send(
    recipient: string,
    { subject, text, html }: Pick<MfaNotification, 'subject' | 'text' | 'html'>,
  ): Promise<void> {
    const sentAt = this.nextMoment();
    const { message } = await this.transport.sendMail({ from: FROM, to: recipient, subject, text, html });
    const composed = JSON.parse(message) as Pick<Mail, 'subject' | 'text' | 'html'>;
    await this.mails.insert({
      id: randomUUID(),
      sentAt,
      channel: 'email',
      recipient,
      subject: composed.subject,
      text: composed.text,
      html: composed.html,
    });
  }

  /** Sends a code by email or text message; the demo puts both in the outbox. */
  async sendMessage({ channel, to, text }: MfaMessage): Promise<void> {
    if (channel === 'email') return this.send(to, { subject: 'Your code', text, html: '' });
    const sentAt = this.nextMoment();
    await this.mails.insert({
      id: randomUUID(),
      sentAt,
      channel,
      recipient: to,
      subject: '',
      text,
      html: '',
    });
  }

  /** The current time, but always later than that of the previous mail. */
  private nextMoment(): number {
    this.last = Math.max(Date.now(), this.last + 1);
    return this.last;
  }

  /** The latest mails, newest first. */
  async outbox(): Promise<Mail[]> {
    return this.mails.find({ order: { sentAt: 'DESC' }, take: SHOWN });
  }
}
