import { IsBoolean, IsOptional } from 'class-validator';

import { END_OTHER_SESSIONS, NAME } from '../openapi/models.js';
import { IsAuthenticatorName } from './text.decorators.js';

/** The fields of an {@link ActivationDto}, for its schema. */
export const ACTIVATION_FIELDS = { name: NAME, endOtherSessions: END_OTHER_SESSIONS };

/** What goes along with the first proof of a new factor, whatever it is. */
export abstract class ActivationDto {
  @IsOptional()
  @IsAuthenticatorName()
  name?: string;

  /** Whether the user's other sessions end. With the first second factor they do in any case. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
