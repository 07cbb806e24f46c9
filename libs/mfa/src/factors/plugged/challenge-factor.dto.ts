import { IsOptional, IsUUID } from 'class-validator';
import { Described, object, text } from '../../openapi/schema.js';

@Described(
  object(
    {},
    {
      authenticatorId: text('Which authenticator, if the user has several of the type.', { format: 'uuid' }),
    },
  ),
)
export class ChallengeFactorDto {
  /** The authenticator to challenge, if the user has several of the type. */
  @IsOptional()
  @IsUUID()
  authenticatorId?: string;
}
