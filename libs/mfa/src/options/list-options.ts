import { BEHAVIOUR_OPTIONS } from './mfa-options.js';
import type { MfaListedOption } from './option.js';
import { listOptions } from './option.js';

/**
 * All options that a factory may give, with how a text is turned into a value: for applications that read theirs from environment
 * variables or from a file.
 */
export function listMfaOptions(): readonly MfaListedOption[] {
  return listOptions(BEHAVIOUR_OPTIONS);
}
