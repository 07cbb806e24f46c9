import { IsBoolean, IsObject, IsOptional } from 'class-validator';

import { IsAuthenticatorName } from '../../http/text.decorators.js';

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
