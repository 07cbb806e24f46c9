import { IsBoolean, IsOptional } from 'class-validator';

import { END_OTHER_SESSIONS } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';

@Described(object({}, { endOtherSessions: END_OTHER_SESSIONS }))
export class RegenerateRecoveryCodesDto {
  /** Whether to end the user's other sessions. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
