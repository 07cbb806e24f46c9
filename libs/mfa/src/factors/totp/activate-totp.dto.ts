import { IsBoolean, IsOptional, Matches } from 'class-validator';

import { IsAuthenticatorName } from '../../http/text.decorators.js';
import { TOTP_INPUT_PATTERN } from './totp.js';
import { CODE, END_OTHER_SESSIONS, NAME } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';

@Described(object({ code: CODE }, { name: NAME, endOtherSessions: END_OTHER_SESSIONS }))
export class ActivateTotpDto {
  /** The first code of the new authenticator app. */
  @Matches(TOTP_INPUT_PATTERN, { message: 'code must be 6 to 8 digits' })
  code!: string;

  @IsOptional()
  @IsAuthenticatorName()
  name?: string;

  /** Whether the user's other sessions end. With the first second factor they do in any case. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
