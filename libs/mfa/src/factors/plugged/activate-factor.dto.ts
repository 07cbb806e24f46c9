import { IsBoolean, IsOptional, Matches } from 'class-validator';

import { CODE_INPUT_PATTERN } from '../../engine/factors/code-factor.js';
import { IsAuthenticatorName } from '../../http/text.decorators.js';

export class ActivateFactorDto {
  /** The first code of the new factor. */
  @Matches(CODE_INPUT_PATTERN, { message: 'code must be a code' })
  code!: string;

  @IsOptional()
  @IsAuthenticatorName()
  name?: string;

  /** Whether the user's other sessions end. With the first second factor they do in any case. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
