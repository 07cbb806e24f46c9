import { Controller, Get, Inject, VERSION_NEUTRAL } from '@nestjs/common';

import { MfaException } from '../errors/mfa-exception.js';
import { SkipMfa } from '../guard/require-mfa.decorator.js';
import { OwnAnswers } from '../http/own-answer.js';
import { RelyingParty } from './relying-party.js';

/** Tells browsers on which other origins this relying party's keys work (WebAuthn Level 3, section 5.11). */
@SkipMfa()
@OwnAnswers()
@Controller({ path: '.well-known/webauthn', version: VERSION_NEUTRAL })
export class WellKnownController {
  constructor(@Inject(RelyingParty) private readonly rp: RelyingParty) {}

  @Get()
  origins(): { origins: string[] } {
    const origins = this.rp.relatedOrigins();
    if (origins.length === 0) throw new MfaException('not_found');
    return { origins };
  }
}
