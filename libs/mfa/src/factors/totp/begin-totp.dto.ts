import { IsOptional, Matches } from 'class-validator';

import { Described, NULLABLE, object, text } from '../../openapi/schema.js';

@Described(
  object({}, { replaces: text('The id of the authenticator app that the new one replaces.', NULLABLE) }),
)
export class BeginTotpDto {
  /** The ID of the user's authenticator app that the new one replaces. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9-]{1,64}$/, { message: 'replaces must be an id: 1 to 64 letters, digits and hyphens' })
  replaces?: string | null;
}
