import type { AttackTarget } from '../target/attack-target.js';
import type { Scene } from './scene.js';

/** `P0`: somebody gets in, or the owner is kept out. `P1`: one of several walls is gone. `P2`: a nuisance. */
export type AttackPriority = 'P0' | 'P1' | 'P2';

/** What a target may have or not. */
export type AttackNeed = keyof {
  [Key in keyof AttackTarget as undefined extends AttackTarget[Key] ? Key : never]: true;
};

/** What an attack is about. */
export interface AttackFacts {
  /** Never changes: reports and `--only` name it. */
  id: string;
  /** In one line, as a report heads it. */
  title: string;
  priority: AttackPriority;
  /** What an attacker has, where it works. */
  gain: string;
  /** What to mend, where it works. */
  mend: string;
  /** Where it was seen, or what standard forbids it. */
  sources: readonly string[];
  /** Numbers of the classes of attack that it stands for (`ATTACK_CLASSES`). */
  classes: readonly number[];
  /** What of the target it can't do without. */
  needs?: readonly AttackNeed[];
  /** What a person can look at where it can't be made. */
  lookAt?: string;
}

/** An attack, and how it is made. */
export interface Attack extends AttackFacts {
  /**
   * Makes it. First it does the legitimate thing, and throws {@link Unclear} when that fails; then the attack. It resolves when the target
   * has held, and throws {@link Fell} when not. Without it, only a person can tell.
   */
  run?(scene: Scene): Promise<void>;
}

export interface AttackFamily {
  name: string;
  attacks: readonly Attack[];
}
