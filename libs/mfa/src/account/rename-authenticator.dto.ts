import { IsAuthenticatorName } from '../http/text.decorators.js';
import { NAME } from '../openapi/models.js';
import { Described, object } from '../openapi/schema.js';

@Described(object({ name: NAME }))
export class RenameAuthenticatorDto {
  @IsAuthenticatorName()
  name!: string;
}
