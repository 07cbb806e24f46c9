import type { AttackAnswer } from '../target/attack-answer.js';
import { describeAnswer } from '../target/attack-answer.js';
import { Fell, Unclear } from './outcome.js';

const OK = [200, 201, 204];
/** Answers that are a refusal: anything else may have other reasons. */
const REFUSALS: readonly number[] = [400, 401, 403, 409, 422];

/** What an answer means: that the legitimate way works, and that an attack was refused, or not. */
export class Judgement {
  /** What was tried, and how it was answered. */
  readonly evidence: string[] = [];
  /** How many times the target's answer to an attack was judged. */
  judged = 0;

  /** @param mfaPath where the routes of nestjs-mfa are, which answer in JSON */
  constructor(private readonly mfaPath: string) {}

  /** The legitimate thing, which has to work for the attack to mean anything. */
  control(what: string, answer: AttackAnswer): AttackAnswer {
    if (OK.includes(answer.status)) return answer;
    throw new Unclear(`The legitimate way does not work, ${what}: ${describeAnswer(answer)}`);
  }

  /**
   * @param also statuses that are a refusal here, besides the usual ones
   * @throws {Fell} when it was accepted
   * @throws {Unclear} when it was neither
   */
  mustRefuse(what: string, answer: AttackAnswer, also: readonly number[] = []): void {
    const { status } = answer;
    if (status >= 200 && status < 300) this.fall(`${what}: ${describeAnswer(answer)}`);
    if (!REFUSALS.includes(status) && !also.includes(status))
      throw new Unclear(`${what}: ${describeAnswer(answer)}, which is neither a yes nor a no`);
    const isOfMfa = answer.asked.includes(` ${this.mfaPath}/`);
    // Browsers do not hear what a proxy would say in their place.
    if (isOfMfa && !answer.isJson && answer.text !== '' && status !== 404)
      throw new Unclear(`${what}: ${describeAnswer(answer)} with no JSON; was it a proxy?`);
    this.judged += 1;
    this.evidence.push(`${what}: ${describeAnswer(answer)}`);
  }

  /** What was seen is as it has to be, or the target fell. */
  must(isSo: boolean, what: string, otherwise: string): void {
    if (!isSo) this.fall(otherwise);
    this.judged += 1;
    this.evidence.push(what);
  }

  fall(evidence: string): never {
    throw new Fell(evidence);
  }
}
