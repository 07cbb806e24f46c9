import { Transform } from 'class-transformer';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';

export class CredentialsDto {
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.trim().toLowerCase() : value,
  )
  @IsEmail()
  @MaxLength(190)
  email!: string;

  @IsString()
  @Length(8, 256)
  password!: string;
}

export class PasswordDto {
  @IsString()
  @Length(1, 256)
  password!: string;
}
