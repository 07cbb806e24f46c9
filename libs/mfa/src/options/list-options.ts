import { BEHAVIOUR_OPTIONS } from './mfa-options.js';
import type { ListedOption } from './option.js';
import { listOptions } from './option.js';

/**
 * All options that a factory may give, with how a text is turned into a value: for applications that read theirs from environment
 * variables or from a file.
 */
export function listMfaOptions(): readonly ListedOption[] {
  return listOptions(BEHAVIOUR_OPTIONS);
}
