import { Matches } from 'class-validator';

/** The id in a path. */
export class AuthenticatorIdParam {
  @Matches(/^[A-Za-z0-9-]{1,64}$/, { message: 'id must be an id' })
  id!: string;
}
