import { IsBoolean, IsOptional } from 'class-validator';

import { Described, flag, object } from '../../openapi/schema.js';

/** What the proof has to show, as the refusal of a route says in `needs`. */
@Described(
  object(
    {},
    {
      userVerified: flag('Whether the authenticator has to verify its user.'),
      deviceBound: flag('Whether only keys are asked for that can’t leave their device.'),
      attested: flag('Whether only keys are asked for whose maker was attested.'),
    },
  ),
)
export class WebAuthnNeedsDto {
  /** Whether the authenticator has to verify its user. */
  @IsOptional()
  @IsBoolean()
  userVerified?: boolean;

  /** Whether only keys are asked for that can't leave their device. */
  @IsOptional()
  @IsBoolean()
  deviceBound?: boolean;

  /** Whether only keys are asked for whose maker was attested. */
  @IsOptional()
  @IsBoolean()
  attested?: boolean;
}
