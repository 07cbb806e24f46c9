import { Matches } from 'class-validator';

/** An id in the path: of an authenticator, a session or a trusted browser. */
export class AuthenticatorIdParam {
  @Matches(/^[A-Za-z0-9-]{1,64}$/, { message: 'id must be 1 to 64 letters, digits and hyphens' })
  id!: string;
}
