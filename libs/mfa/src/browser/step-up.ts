import type { MfaClientError } from './mfa-client-error.js';
import { readBody, toRefusal } from './refusal.js';
import type { Fetch } from './session-header.js';

/** Refusals that the user can do something about. */
export type StepUpCode = 'mfa_required' | 'reauthentication_required' | 'mfa_enrollment_required';

/**
 * Lets the user prove what is missing: shows a dialogue, say. The refusal tells what would do (`code`, `methods`, `maxAge`).
 * False, or a rejection, gives up: the request then keeps its refusal.
 */
export type StepUpHandler = (refusal: Refusal) => boolean | void | Promise<boolean | void>;

export interface StepUpOptions {
  /** The refusals that the handler takes; `mfa_required` alone by default. */
  codes?: readonly StepUpCode[];
}

type Refusal = MfaClientError & { code: StepUpCode };

/** A call of the handler, and the requests that wait for it. */
interface Run {
  /** What it is for. */
  refusal: Refusal;
  isProven: Promise<boolean>;
}

/** How the last run for a demand ended, and as which of all. */
interface Outcome {
  refusal: Refusal;
  order: number;
  isProven: boolean;
}

/** What a request is told whose token is no more: by this module's routes, and by the guard of the application's. */
const DEAD_TOKEN = ['session_expired', 'unauthenticated'];

/**
 * A fetch that runs the handler when a request is refused for want of a second factor, and then repeats the request; again where
 * that proof has brought it further, as where several factors are needed. Requests that are under way at the same time share one
 * run and its outcome; one that it would not satisfy waits its turn. One that spends its proof shares with nobody.
 *
 * The handler's own requests must not go through the fetch that it serves: they would wait for themselves.
 */
export function withStepUp(
  fetch: Fetch,
  handler: StepUpHandler,
  { codes = ['mfa_required'] }: StepUpOptions = {},
): Fetch {
  let running: Run | undefined;
  let ended = 0;
  let lastProof = 0;
  const outcomes = new Map<string, Outcome>();
  let turn: Promise<unknown> = Promise.resolve();

  /** @param sent how many runs had ended when the request was sent */
  async function prove(refusal: Refusal, sent: number): Promise<boolean> {
    while (running && !satisfies(running.refusal, refusal)) await running.isProven;
    if (running) return running.isProven;
    // Sent before the user had decided, refused after it: they are not asked again.
    const decided = [...outcomes.values()].filter(
      (outcome) => outcome.order > sent && satisfies(outcome.refusal, refusal),
    );
    if (decided.length > 0) return decided.some(({ isProven }) => isProven);
    running = { refusal, isProven: run(refusal) };
    return running.isProven;
  }

  async function run(refusal: Refusal): Promise<boolean> {
    const isProven = await Promise.resolve(refusal)
      .then(handler)
      .then(
        (answer) => answer !== false,
        () => false,
      );
    ended += 1;
    if (isProven) lastProof = ended;
    outcomes.set(keyOf(refusal), { refusal, order: ended, isProven });
    running = undefined;
    return isProven;
  }

  /** Whether a proof has overtaken the request on its way: each changes the session's token. */
  async function isOvertaken(sent: number): Promise<boolean> {
    await running?.isProven;
    return lastProof > sent;
  }

  /**
   * Sends the request, and again after each proof.
   *
   * @param answered the refusals that it has had a proof for
   * @param hasTurn whether others that spend their proof wait for this one
   */
  async function attempt(args: Arguments, answered: readonly string[], hasTurn = false): Promise<Response> {
    const [first, again] = twice(...args);
    const sent = ended;
    const response = await fetch(...first);
    if (response.status !== 401 && response.status !== 403) return response;
    // The caller gets the answer unread.
    const refusal = toRefusal(response, await readBody(response.clone()));
    const key = keyOf(refusal);
    // The same one again: that proof was none.
    if (answered.includes(key) || answered.length > MAX_PROOFS) return response;
    if (isOneOf(DEAD_TOKEN, refusal)) {
      return (await isOvertaken(sent)) ? attempt(again, [...answered, key], hasTurn) : response;
    }
    if (!isOneOf(codes, refusal)) return response;
    const isOnce = refusal.needs?.once === true;
    const goOn = async () =>
      (await prove(refusal as Refusal, sent))
        ? attempt(again, [...answered, key], hasTurn || isOnce)
        : response;
    return isOnce && !hasTurn ? inTurn(goOn) : goOn();
  }

  /** One after the other, from the question to the answer: another proof in between would take the place of this one. */
  function inTurn(goOn: () => Promise<Response>): Promise<Response> {
    const own = turn.then(goOn);
    turn = own.catch(() => undefined);
    return own;
  }

  return (input, init) => attempt([input, init], []);
}

/** As many proofs as a request may ask for. */
const MAX_PROOFS = 4;

/** What a refusal asks for, in text. */
function keyOf({ code, methods, needs }: MfaClientError): string {
  return JSON.stringify([code, methods, needs]);
}

function isOneOf(codes: readonly string[], { code }: MfaClientError): boolean {
  return codes.includes(code);
}

/**
 * Whether a proof that the one asks for does for the other too: each factor that the user may have used there is welcome here. A
 * fresh proof is young enough for every `maxAge`.
 */
function satisfies(one: Refusal, other: Refusal): boolean {
  // A proof that is spent does for one request.
  if (one.needs?.once || other.needs?.once) return false;
  const [shown, asked] = [needsOf(one), needsOf(other)];
  const [given, welcome] = [one.methods ?? [], other.methods ?? []];
  const isWelcome =
    given.length > 0 ? given.every((method) => welcome.includes(method)) : welcome.length === 0;
  return one.code === other.code && isWelcome && asked.every((need) => shown.includes(need));
}

/** What a refusal asks of the proof besides its type. Of several factors one proof is one; which comes next, the next answer says. */
function needsOf({ needs = {} }: Refusal): string[] {
  return Object.keys(needs).filter((need) => need !== 'allOf');
}

type Arguments = Parameters<Fetch>;

/** The arguments for two requests: what can be read only once is there twice. */
function twice(input: RequestInfo | URL, init: RequestInit | undefined): [Arguments, Arguments] {
  const [firstInput, nextInput] = input instanceof Request ? [input.clone(), input] : [input, input];
  let [firstInit, nextInit] = [init, init];
  if (init?.body instanceof ReadableStream) {
    const [firstBody, nextBody] = init.body.tee();
    firstInit = { ...init, body: firstBody };
    nextInit = { ...init, body: nextBody };
  }
  return [
    [firstInput, firstInit],
    [nextInput, nextInit],
  ];
}
