import { IsBoolean, IsOptional } from 'class-validator';

import { Described, flag, object } from '../../openapi/schema.js';

/** What the proof must show, as in `needs` of a route's refusal. */
@Described(
  object(
    {},
    {
      userVerified: flag('Whether the authenticator has to verify its user.'),
      deviceBound: flag('Whether only keys that can’t leave their device are asked for.'),
      attested: flag('Whether only keys whose maker was attested are asked for.'),
    },
  ),
)
export class WebAuthnNeedsDto {
  /** Whether the authenticator must verify its user. */
  @IsOptional()
  @IsBoolean()
  userVerified?: boolean;

  /** Whether only device-bound keys are asked for. */
  @IsOptional()
  @IsBoolean()
  deviceBound?: boolean;

  /** Whether only keys with a verified attestation are asked for. */
  @IsOptional()
  @IsBoolean()
  attested?: boolean;
}
