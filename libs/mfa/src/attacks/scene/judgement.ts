import type { AttackAnswer } from '../target/attack-answer.js';
import { describeAnswer } from '../target/attack-answer.js';
import { Fell, Unclear } from './outcome.js';

const OK = [200, 201, 204];
/** Statuses that are a refusal; any other may have other causes. */
const REFUSALS: readonly number[] = [400, 401, 403, 409, 422];

/** Interprets responses: whether legitimate use works, and whether an attack was refused. */
export class Judgement {
  /** What was tried, and how the target responded. */
  readonly evidence: string[] = [];
  /** How many of the target's responses to an attack were judged. */
  judged = 0;

  /** @param mfaPath the path of the routes of nestjs-mfa, which respond in JSON */
  constructor(private readonly mfaPath: string) {}

  /** Requires that legitimate use works; otherwise the attack means nothing. */
  control(what: string, answer: AttackAnswer): AttackAnswer {
    if (OK.includes(answer.status)) return answer;
    throw new Unclear(`The legitimate way does not work, ${what}: ${describeAnswer(answer)}`);
  }

  /**
   * Requires that the attack was refused.
   *
   * @param also statuses that also count as a refusal here
   * @throws {Fell} if it was accepted
   * @throws {Unclear} if it was neither accepted nor refused
   */
  mustRefuse(what: string, answer: AttackAnswer, also: readonly number[] = []): void {
    const { status } = answer;
    if (status >= 200 && status < 300) this.fall(`${what}: ${describeAnswer(answer)}`);
    if (!REFUSALS.includes(status) && !also.includes(status))
      throw new Unclear(`${what}: ${describeAnswer(answer)}, which is neither a yes nor a no`);
    const isOfMfa = answer.asked.includes(` ${this.mfaPath}/`);
    // Not the target but a proxy may have responded.
    if (isOfMfa && !answer.isJson && answer.text !== '' && status !== 404)
      throw new Unclear(`${what}: ${describeAnswer(answer)} with no JSON; was it a proxy?`);
    this.judged += 1;
    this.evidence.push(`${what}: ${describeAnswer(answer)}`);
  }

  /** Requires that an observation is as it should be; otherwise the target fell. */
  must(isSo: boolean, what: string, otherwise: string): void {
    if (!isSo) this.fall(otherwise);
    this.judged += 1;
    this.evidence.push(what);
  }

  fall(evidence: string): never {
    throw new Fell(evidence);
  }
}
