import { Matches } from 'class-validator';

/** The authenticator's id in the path. */
export class AuthenticatorIdParam {
  @Matches(/^[A-Za-z0-9-]{1,64}$/, { message: 'id must be an id' })
  id!: string;
}
