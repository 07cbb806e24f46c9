// The public API of `nestjs-mfa/attacks`: attacks an application like this library's own tests do, and reports the outcome.
import { ATTACKS as made } from './attacks.js';
import type { AttackFacts } from './scene/attack.js';

export { ATTACK_CLASSES } from './attack-classes.js';
export type { AttackReport, AttackResult, AttackVerdict } from './reports/attack-report.js';
export { reportAsHtml } from './reports/report-as-html.js';
export { reportAsJUnit } from './reports/report-as-junit.js';
export { reportAsText } from './reports/report-as-text.js';
export type { RunAttacksOptions } from './run-attacks.js';
export { runAttacks } from './run-attacks.js';
export type { AttackFacts, AttackNeed, AttackPriority } from './scene/attack.js';
export type { AttackAnswer } from './target/attack-answer.js';
export type { AttackRequest } from './target/attack-client.js';
export type { AttackClient } from './target/attack-client.js';
export type {
  AttackClock,
  AttackLimits,
  AttackSettings,
  AttackSignUp,
  AttackTarget,
  AttackUser,
} from './target/attack-target.js';

/** All attacks, in the order in which they run. Those that only have `lookAt` are for a person to check. */
export const ATTACKS: readonly AttackFacts[] = made;
