import { IsAuthenticatorName } from '../http/text.decorators.js';

export class RenameAuthenticatorDto {
  @IsAuthenticatorName()
  name!: string;
}
