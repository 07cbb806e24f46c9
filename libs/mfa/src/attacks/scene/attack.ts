import type { AttackTarget } from '../target/attack-target.js';
import type { Scene } from './scene.js';

/** `P0`: somebody gets in, or the owner is locked out. `P1`: one of several defenses is missing. `P2`: a nuisance. */
export type AttackPriority = 'P0' | 'P1' | 'P2';

/** An optional part of a target. */
export type AttackNeed = keyof {
  [Key in keyof AttackTarget as undefined extends AttackTarget[Key] ? Key : never]: true;
};

/** The description of an attack. */
export interface AttackFacts {
  /** A permanent name, used by reports and `--only`. */
  id: string;
  /** One line, used as the heading in reports. */
  title: string;
  priority: AttackPriority;
  /** What an attacker gains if it works. */
  gain: string;
  /** How to fix it if it works. */
  mend: string;
  /** Where it was seen, or which standard forbids it. */
  sources: readonly string[];
  /** Numbers of the classes of attack that it covers (`ATTACK_CLASSES`). */
  classes: readonly number[];
  /** The parts of the target that it requires. */
  needs?: readonly AttackNeed[];
  /** What a person can check if it can't run. */
  lookAt?: string;
}

/** An attack and its implementation. */
export interface Attack extends AttackFacts {
  /**
   * Runs the attack. Legitimate use comes first, and throws {@link Unclear} if it fails; then the attack itself. Resolves if the target
   * held, and throws {@link Fell} if it didn't. Without this method, only a person can tell.
   */
  run?(scene: Scene): Promise<void>;
}

export interface AttackFamily {
  name: string;
  attacks: readonly Attack[];
}
