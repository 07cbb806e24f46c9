import { IsBoolean, IsOptional } from 'class-validator';

export class RegenerateRecoveryCodesDto {
  /** Whether the user's other sessions end. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
