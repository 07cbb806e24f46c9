import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { Mail } from './mail.entity.js';
import { MailerService } from './mailer.service.js';
import { OutboxController } from './outbox.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Mail])],
  controllers: [OutboxController],
  providers: [MailerService],
  exports: [MailerService],
})
export class MailModule {}
