import { ATTACK_FAMILIES } from './attacks.js';
import type { AttackReport, AttackResult, AttackVerdict } from './reports/attack-report.js';
import { countVerdicts } from './reports/attack-report.js';
import type { Attack } from './scene/attack.js';
import { KnownSecrets } from './scene/known-secrets.js';
import { Fell, NotApplicable, Unclear } from './scene/outcome.js';
import { Scene } from './scene/scene.js';
import { assertMayBeAttacked } from './target/assert-may-be-attacked.js';
import type { AttackTarget, AttackUser } from './target/attack-target.js';
import { messageOf } from './target/message-of.js';
import { NoAnswer, Wire } from './target/wire.js';

export interface RunAttacksOptions {
  /** IDs of the attacks to run. Default: all. */
  only?: readonly string[];
  /** IDs of the attacks to skip. */
  skip?: readonly string[];
  /** Called with each result as it comes in. */
  onResult?: (result: AttackResult) => void;
}

type Outcome = Pick<AttackResult, 'verdict' | 'reason' | 'evidence'>;

/**
 * Attacks an application as a stranger, a password thief and one of its users would, and reports the outcome. Each attack registers its
 * own users. The legitimate sign-in has to work first; if it doesn't, no attack runs.
 *
 * @throws {Error} if the target doesn't say that it may be attacked, or an ID doesn't match any attack
 */
export async function runAttacks<User extends AttackUser>(
  given: AttackTarget<User>,
  { only, skip = [], onResult }: RunAttacksOptions = {},
): Promise<AttackReport> {
  const target = given as unknown as AttackTarget;
  assertMayBeAttacked(target);
  assertKnown([...(only ?? []), ...skip]);
  const began = Date.now();
  const wire = new Wire(target);
  const secrets = new KnownSecrets();
  const newScene = () => new Scene(target, wire, secrets);
  const trouble = secrets.redact((await troubleOf(newScene())) ?? '');
  const results: AttackResult[] = [];
  for (const { name: family, attacks } of ATTACK_FAMILIES) {
    for (const attack of attacks) {
      const { id, title, priority, gain, mend, sources } = attack;
      if ((only && !only.includes(id)) || skip.includes(id)) continue;
      const start = Date.now();
      const { verdict, reason, evidence } = await attempt(attack, newScene(), trouble);
      const result: AttackResult = {
        ...{ id, family, title, priority, gain, mend, sources, verdict },
        reason: secrets.redact(reason),
        evidence: evidence.map((line) => secrets.redact(line)),
        took: Date.now() - start,
      };
      results.push(result);
      onResult?.(result);
    }
  }
  return {
    target: target.name ?? wire.base,
    at: new Date(began).toISOString(),
    requests: wire.sent,
    took: Date.now() - began,
    counts: countVerdicts(results),
    ...(trouble === '' ? {} : { trouble }),
    results,
  };
}

function assertKnown(ids: readonly string[]): void {
  const known = new Set(ATTACK_FAMILIES.flatMap(({ attacks }) => attacks.map(({ id }) => id)));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) throw new Error(`There is no attack ${unknown.join(', ')}`);
}

/** Why legitimate use doesn't work, from registering to the protected route; undefined if it does. */
async function troubleOf(scene: Scene): Promise<string | undefined> {
  try {
    const owner = await scene.withApp();
    await scene.controlProtected(owner.client);
    const client = await scene.full(owner);
    await scene.controlProtected(client);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function attempt(attack: Attack, scene: Scene, trouble: string): Promise<Outcome> {
  const { lookAt, needs = [] } = attack;
  const missing = needs.filter((need) => scene.target[need] === undefined);
  const lacking = `The target has no \`${missing.join('`, `')}\``;
  if (!attack.run) return outcome('to_check', lookAt ?? '');
  if (missing.length > 0 && lookAt !== undefined) return outcome('to_check', `${lacking}. ${lookAt}`);
  if (missing.length > 0) return outcome('not_applicable', lacking);
  if (trouble !== '') return outcome('unclear', `Not tried. ${trouble}`);
  try {
    await attack.run(scene);
  } catch (error) {
    const { verdict, reason } = verdictOf(error);
    return { verdict, reason, evidence: scene.evidence };
  }
  if (scene.judged === 0) return outcome('unclear', 'Nothing was attacked');
  return { verdict: 'held', reason: '', evidence: scene.evidence };
}

const outcome = (verdict: AttackVerdict, reason: string): Outcome => ({ verdict, reason, evidence: [] });

function verdictOf(error: unknown): Pick<Outcome, 'verdict' | 'reason'> {
  if (error instanceof Fell) return { verdict: 'fell', reason: error.message };
  if (error instanceof NotApplicable) return { verdict: 'not_applicable', reason: error.message };
  const isKnown = error instanceof Unclear || error instanceof NoAnswer;
  return { verdict: 'unclear', reason: isKnown ? error.message : `It broke off: ${messageOf(error)}` };
}
