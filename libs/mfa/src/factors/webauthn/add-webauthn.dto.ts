import { IsBoolean, IsObject, IsOptional } from 'class-validator';

import { IsAuthenticatorName } from '../../http/text.decorators.js';
import { END_OTHER_SESSIONS, NAME } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';
import { NEW_CREDENTIAL } from './webauthn-schemas.js';

@Described(object({ credential: NEW_CREDENTIAL }, { name: NAME, endOtherSessions: END_OTHER_SESSIONS }))
export class AddWebAuthnDto {
  /** What `create()` gave, as JSON (RegistrationResponseJSON). Its inside is checked by the mechanism. */
  @IsObject()
  credential!: object;

  @IsOptional()
  @IsAuthenticatorName()
  name?: string;

  /** Whether the user's other sessions end. With the first second factor they do in any case. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
