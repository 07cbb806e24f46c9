import type { AttackAnswer } from '../target/attack-answer.js';
import { describeAnswer } from '../target/attack-answer.js';
import { Unclear } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';

export const isAccepted = ({ status }: AttackAnswer): boolean => status >= 200 && status < 300;

/**
 * Whether a guess was compared with the right code: `incorrect_code`, or a 400 without a code. Exceeded attempt limits and ended sign-ins
 * answer differently.
 */
export const isJudged = ({ status, body }: AttackAnswer): boolean =>
  status === 400 && (body['code'] === undefined || body['code'] === 'incorrect_code');

/** Runs `make` `count` times at once, each with its number. */
export const atOnce = <T>(count: number, make: (nth: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, nth) => make(nth)));

/** Requires that exactly one of the requests with the same proof was accepted. */
export function mustBeOne(scene: Scene, what: string, answers: readonly AttackAnswer[]): void {
  const accepted = answers.filter(isAccepted).length;
  if (accepted === 0)
    throw new Unclear(
      `${what}: none of ${answers.length} was accepted, ${describeAnswer(answers[0] as AttackAnswer)}`,
    );
  scene.must(
    accepted === 1,
    `${what}: 1 of ${answers.length} was accepted`,
    `${what}: ${accepted} of ${answers.length} were accepted`,
  );
}

/** Requires that no more guesses were judged than one window allows, and that none failed with a server error. */
export function mustBeBounded(scene: Scene, what: string, answers: readonly AttackAnswer[]): void {
  const broken = answers.find(({ status }) => status >= 500);
  if (broken) throw new Unclear(`${what}: ${describeAnswer(broken)}`);
  const judged = answers.filter(isJudged).length;
  if (judged === 0)
    throw new Unclear(`${what}: no guess was judged, ${describeAnswer(answers[0] as AttackAnswer)}`);
  const found = `${what}: ${judged} of ${answers.length} guesses were judged`;
  scene.must(judged <= scene.limits.judgedGuesses, found, found);
}

/** Requires that the right code is refused too, once the attempt limit is reached. */
export function mustBeSpent(scene: Scene, what: string, answer: AttackAnswer): void {
  scene.mustRefuse(what, answer, [429]);
}
