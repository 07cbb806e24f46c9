import type { Counted, State, UserName } from '../state.js';
import { LIMITS } from '../state.js';

/** One budget for all that a user tries; right codes cost nothing. */
export const hasRoom = ({ users, now, budget }: State, name: UserName): boolean =>
  hasLeft(users[name].attempts, { now, seconds: LIMITS.window, atMost: budget.attempts });

export function countAttempt({ users, now }: State, name: UserName): void {
  users[name].attempts = counted(users[name].attempts, now, LIMITS.window);
}

/** One budget for all messages to a user, whatever they are for. */
export const hasMessage = ({ users, now, budget }: State, name: UserName): boolean =>
  hasLeft(users[name].messages, { now, seconds: LIMITS.messages, atMost: budget.messages });

export function countMessage({ users, now }: State, name: UserName): void {
  users[name].messages = counted(users[name].messages, now, LIMITS.messages);
}

const hasLeft = (
  window: Counted | null,
  { now, seconds, atMost }: { now: number; seconds: number; atMost: number },
): boolean => !window || now - window.since >= seconds || window.count < atMost;

const counted = (window: Counted | null, now: number, seconds: number): Counted =>
  !window || now - window.since >= seconds
    ? { count: 1, since: now }
    : { count: window.count + 1, since: window.since };
