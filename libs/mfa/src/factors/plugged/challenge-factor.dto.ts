import { IsOptional, IsUUID } from 'class-validator';
import { Described, object, text } from '../../openapi/schema.js';

@Described(object({}, { authenticatorId: text('Which one, of several of the type.', { format: 'uuid' }) }))
export class ChallengeFactorDto {
  /** Which one, of several of the type. */
  @IsOptional()
  @IsUUID()
  authenticatorId?: string;
}
