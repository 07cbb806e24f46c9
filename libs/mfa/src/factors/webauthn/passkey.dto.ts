import { IsObject } from 'class-validator';

export class PasskeyDto {
  /** What `get()` gave, as JSON (AuthenticationResponseJSON). Its inside is checked by the mechanism. */
  @IsObject()
  credential!: object;
}
