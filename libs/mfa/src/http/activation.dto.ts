import { IsBoolean, IsOptional } from 'class-validator';

import { END_OTHER_SESSIONS, NAME } from '../openapi/models.js';
import { IsAuthenticatorName } from './text.decorators.js';

/** The fields of an {@link ActivationDto}, for its schema. */
export const ACTIVATION_FIELDS = { name: NAME, endOtherSessions: END_OTHER_SESSIONS };

/** What accompanies the first proof of a new factor of any type. */
export abstract class ActivationDto {
  @IsOptional()
  @IsAuthenticatorName()
  name?: string;

  /** Whether to end the user's other sessions. With the first second factor they always end. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
