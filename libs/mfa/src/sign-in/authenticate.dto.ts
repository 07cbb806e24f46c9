import { IsBoolean, IsOptional, Matches } from 'class-validator';

import { CODE_INPUT_MESSAGE, CODE_INPUT_PATTERN } from '../engine/factors/typed-code.js';
import { CODE, TRUST_DEVICE } from '../openapi/models.js';
import { Described, object } from '../openapi/schema.js';

@Described(object({ code: CODE }, { trustDevice: TRUST_DEVICE }))
export class AuthenticateDto {
  /** A code of an authenticator app, a recovery code, or one that was sent. */
  @Matches(CODE_INPUT_PATTERN, { message: CODE_INPUT_MESSAGE })
  code!: string;

  /**
   * Whether to trust this browser, which then skips the second factor for a while. Ignored unless the application allows it.
   */
  @IsOptional()
  @IsBoolean()
  trustDevice?: boolean;
}
