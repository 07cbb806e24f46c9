import type { Answer } from '../support/client.js';
import type { Action, Bound } from './actions/action.js';
import { actorOf, bind } from './actions/action.js';
import { apply, beside, giveWay } from './actions/apply.js';
import { mayTrust } from './actions/proofs.js';
import type { BrowserName, Outcome, State } from './state.js';
import { initialState, sessionOf } from './state.js';
import type { Prepared, Sight, World } from './world.js';
import { Scene } from './world.js';

/** What happens at once, and whose turn it is at each step. One action alone is a turn too. */
export interface Turn {
  actions: Action[];
  picks: number[];
}

/** A story that the model can't explain. */
export class Violation extends Error {}

let last = 0;

/**
 * Plays the turns, and holds what is answered and what is there afterwards against the model: of what happened at once, some order one
 * after another has to explain both (linearizability).
 *
 * @throws {Violation} with the whole story
 */
export async function play(world: World, turns: readonly Turn[]): Promise<number> {
  const scene = world.begin();
  let state = initialState(Math.floor(world.test.clock.now() / 1000), world.budget);
  const story: string[] = [];
  let count = 0;
  for (const { actions, picks } of turns) {
    const bounds = meaningful(actions, state, scene).map((action) => bind(state, action, `n${(last += 1)}`));
    if (bounds.length === 0) continue;
    count += bounds.length;
    const answers = await playAtOnce(world, scene, bounds, picks);
    story.push(bounds.map((bound, index) => tell(bound, answers[index])).join('  ||  '));
    const sight = await scene.look();
    state = explain({ state, bounds, answers, sight, story });
  }
  return count;
}

/**
 * At once each browser sends one request, and what is no request happens alone. A key signs once: of two signatures the older one could
 * come later, and would look like that of a copy.
 */
function meaningful(actions: readonly Action[], state: State, scene: Scene): Action[] {
  const doable = actions.filter(
    (action) =>
      !(asksForKey(action) && bind(state, action, '').key === null) &&
      !(action.type === 'prove' && action.trusts && !mayTrust(state, action.by)) &&
      scene.canType(bind(state, action, '')),
  );
  const alone = doable.find(({ type }) => type === 'wait' || type === 'steal');
  if (alone) return [alone];
  const seen = new Set<unknown>();
  return doable.filter((action) => {
    const uses = [actorOf(action) ?? action.type, ...(asksForKey(action) ? ['key'] : [])];
    if (uses.some((one) => seen.has(one))) return false;
    for (const one of uses) seen.add(one);
    return true;
  });
}

const asksForKey = (action: Action): boolean =>
  action.type === 'sign in with a passkey' || (action.type === 'prove' && action.with === 'key');

async function playAtOnce(
  world: World,
  scene: Scene,
  bounds: readonly Bound[],
  picks: readonly number[],
): Promise<Answer[]> {
  const prepared: Prepared[] = [];
  for (const bound of bounds) prepared.push(await scene.prepare(bound));
  const works = bounds.map(
    (bound, index) => (headers: Record<string, string>) =>
      scene.send(bound, prepared[index] as Prepared, headers),
  );
  const [first] = works;
  const answers = works.length === 1 && first ? [await first({})] : await world.interleaver.run(works, picks);
  for (const [index, bound] of bounds.entries()) {
    const answer = answers[index] as Answer;
    world.tally.note(bound.action, answer);
    await scene.learn(bound, answer, index);
  }
  return answers;
}

interface Turned {
  state: State;
  bounds: readonly Bound[];
  answers: readonly Answer[];
  sight: Sight;
  story: readonly string[];
}

/** The state that explains what is to be seen. */
function explain({ state, bounds, answers, sight, story }: Turned): State {
  const indexes = bounds.map((_, index) => index);
  const tried = new Set<string>();
  for (const order of permutationsOf(indexes)) {
    const steps = order.map((index) => ({ bound: bounds[index] as Bound, answer: answers[index] as Answer }));
    for (const end of endsOf(state, steps, bounds.length > 1 ? state : null, tried)) {
      if (isSame(Scene.sightOf(end), sight)) return end;
      tried.add(differences(Scene.sightOf(end), sight));
    }
  }
  throw new Violation([...story.map((line) => `  ${line}`), 'No order explains it:', ...tried].join('\n'));
}

interface Step {
  bound: Bound;
  answer: Answer;
}

/**
 * The states to which these steps can lead in this order, with the answers that they got.
 *
 * @param begun the state in which they were all sent at once; null: one after another
 */
function* endsOf(
  state: State,
  [first, ...others]: readonly Step[],
  begun: State | null,
  tried: Set<string>,
): Generator<State> {
  if (!first) {
    yield state;
    return;
  }
  const { bound, answer } = first;
  const outcome = apply(state, bound);
  const fitting = [outcome, ...(begun ? beside(state, bound, begun) : [])].filter((one) =>
    fits(one, answer, begun !== null),
  );
  for (const one of fitting) yield* endsOf(one.state, others, begun, tried);
  if (begun && gaveWay(answer))
    for (const left of giveWay(state, bound)) yield* endsOf(left, others, begun, tried);
  else if (fitting.length > 0) return;
  else if (begun && isOverAsAsked(begun, bound, answer)) {
    delete outcome.state.cookies[(bound.action as Action & { by: BrowserName }).by];
    yield* endsOf(outcome.state, others, begun, tried);
  } else tried.add(`${bound.action.type}: ${outcome.answer} ${outcome.code ?? outcome.shows ?? ''} was due`);
}

/** Who signs out while somebody else ends the same session has what they asked for. It is told once, by the other. */
function isOverAsAsked(begun: State, { action, cookie }: Bound, { status }: Answer): boolean {
  return action.type === 'sign out' && status === 204 && sessionOf(begun, cookie) !== null;
}

/** Of what happens at once the code of a refusal tells which of them came first, and no more. */
function fits({ answer, code, shows }: Outcome, { status, body }: Answer, isAtOnce: boolean): boolean {
  if (answer !== 'refused') return status === answer && (shows === undefined || body.shows === shows);
  const isRefused = status >= 400 && status < 500;
  return isRefused && (isAtOnce || code === undefined || body.code === code);
}

const gaveWay = ({ status, body }: Answer): boolean =>
  (status === 409 && body.code === 'conflict') || (status === 401 && body.code === 'session_expired');

function* permutationsOf(list: readonly number[]): Generator<number[]> {
  if (list.length === 0) yield [];
  for (const [index, one] of list.entries()) {
    const others = [...list.slice(0, index), ...list.slice(index + 1)];
    for (const rest of permutationsOf(others)) yield [one, ...rest];
  }
}

function differences(due: Sight, seen: Sight): string {
  const names = Object.keys(due).filter((name) => !isSame(due[name], seen[name]));
  return names.map((name) => `${name}: ${text(due[name])} was due, not ${text(seen[name])}`).join('; ');
}

/** Both are made in the same order of names. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function tell({ action }: Bound, answer: Answer | undefined): string {
  const { type, ...details } = action;
  const what = [type, ...Object.values(details)].join(' / ');
  return `${what} → ${answer?.status} ${(answer?.body as { code?: string } | undefined)?.code ?? ''}`.trim();
}
