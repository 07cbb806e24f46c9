import { IsOptional, IsUUID } from 'class-validator';

export class ChallengeFactorDto {
  /** Which one, of several of the type. */
  @IsOptional()
  @IsUUID()
  authenticatorId?: string;
}
