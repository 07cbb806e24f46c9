import { byHand } from './families/by-hand.js';
import { changes } from './families/changes.js';
import { crossSite } from './families/cross-site.js';
import { deliveredCodes } from './families/delivered-codes.js';
import { guesses } from './families/guesses.js';
import { halfFinished } from './families/half-finished.js';
import { inside } from './families/inside.js';
import { lostFactors } from './families/lost-factors.js';
import { oddInput } from './families/odd-input.js';
import { ownership } from './families/ownership.js';
import { passkeys } from './families/passkeys.js';
import { races } from './families/races.js';
import { replay } from './families/replay.js';
import { sessions } from './families/sessions.js';
import { signUps } from './families/sign-ups.js';
import { strength } from './families/strength.js';
import { trust } from './families/trust.js';
import { answers } from './families/webauthn-answers.js';
import { ceremonies } from './families/webauthn-ceremonies.js';
import { registration } from './families/webauthn-registration.js';
import type { Attack, AttackFamily } from './scene/attack.js';

/** All attacks, by family. */
export const ATTACK_FAMILIES: readonly AttackFamily[] = [
  halfFinished,
  sessions,
  replay,
  races,
  guesses,
  changes,
  lostFactors,
  ownership,
  ceremonies,
  answers,
  passkeys,
  registration,
  signUps,
  trust,
  oddInput,
  deliveredCodes,
  strength,
  inside,
  crossSite,
  byHand,
];

/** All attacks, in the order in which they run. */
export const ATTACKS: readonly Attack[] = ATTACK_FAMILIES.flatMap(({ attacks }) => attacks);
