import { BEHAVIOUR_OPTIONS } from './mfa-options.js';
import type { MfaListedOption } from './option.js';
import { listOptions } from './option.js';

/**
 * Lists every option that a factory may return, and how to parse its value from text, for applications that read them from environment
 * variables or a file.
 */
export function listMfaOptions(): readonly MfaListedOption[] {
  return listOptions(BEHAVIOUR_OPTIONS);
}
