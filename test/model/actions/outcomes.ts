// The words in which an outcome is told.
import type { Outcome, State } from '../state.js';

export const ok = (state: State, answer = 200): Outcome => ({ answer, state });

export const refused = (state: State, code?: string): Outcome => ({
  answer: 'refused',
  state,
  ...(code === undefined ? {} : { code }),
});
