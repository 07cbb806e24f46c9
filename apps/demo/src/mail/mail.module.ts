import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { Mail } from './mail.entity.js';
import { MailerService } from './mailer.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Mail])],
  providers: [MailerService],
  exports: [MailerService],
})
export class MailModule {}
