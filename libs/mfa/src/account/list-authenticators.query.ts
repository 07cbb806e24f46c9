import { IsIn, IsOptional } from 'class-validator';

import type { MfaType } from '../core/policy/methods.js';
import { MFA_TYPES } from '../core/policy/methods.js';

/** The query `?type=` of a list. */
export class ListAuthenticatorsQuery {
  @IsOptional()
  @IsIn(MFA_TYPES)
  type?: MfaType;
}
