import type { MfaClientError } from './mfa-client-error.js';
import { readBody, toRefusal } from './refusal.js';
import type { Fetch } from './session-header.js';

/** Refusals that the user can resolve. */
export type StepUpCode = 'mfa_required' | 'reauthentication_required' | 'mfa_enrollment_required';

/**
 * Lets the user prove what is missing, for example in a dialog. The refusal says what is accepted (`code`, `methods`,
 * `maxAge`). Returning false, or rejecting, gives up: the request then keeps its refusal.
 */
export type StepUpHandler = (refusal: Refusal) => boolean | void | Promise<boolean | void>;

export interface StepUpOptions {
  /** The refusals that the handler takes. Default: only `mfa_required`. */
  codes?: readonly StepUpCode[];
}

type Refusal = MfaClientError & { code: StepUpCode };

/** A call of the handler, and the requests waiting for it. */
interface Run {
  /** The refusal it handles. */
  refusal: Refusal;
  isProven: Promise<boolean>;
}

/** How the last run for a kind of refusal ended, and its position among all runs. */
interface Outcome {
  refusal: Refusal;
  order: number;
  isProven: boolean;
}

/**
 * What a request gets when its token is no longer valid: from this module's routes, and from the guard on the
 * application's.
 */
const DEAD_TOKEN = ['session_expired', 'unauthenticated'];

/**
 * A fetch that runs the handler when a request is refused for lack of a second factor, and then repeats the request. It
 * does so again as long as each proof makes progress, such as when several factors are needed. Concurrent requests
 * share one run and its outcome; a request that the run wouldn't satisfy waits its turn. A request that consumes its
 * proof never shares one.
 *
 * The handler's own requests must not go through the wrapped fetch: they would wait for themselves.
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
    // Sent before the user decided, refused afterwards: don't ask again.
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

  /** Whether a proof was given while the request was under way: each one changes the session's token. */
  async function isOvertaken(sent: number): Promise<boolean> {
    await running?.isProven;
    return lastProof > sent;
  }

  /**
   * Sends the request, and again after each proof.
   *
   * @param answered the refusals for which a proof has been given
   * @param hasTurn whether other requests that consume their proof wait for this one
   */
  async function attempt(args: Arguments, answered: readonly string[], hasTurn = false): Promise<Response> {
    const [first, again] = twice(...args);
    const sent = ended;
    const response = await fetch(...first);
    if (response.status !== 401 && response.status !== 403) return response;
    // The clone keeps the body unread for the caller.
    const refusal = toRefusal(response, await readBody(response.clone()));
    const key = keyOf(refusal);
    // The same refusal again: the proof didn't help.
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

  /** One at a time, from prompt to response: another proof in between would replace this one. */
  function inTurn(goOn: () => Promise<Response>): Promise<Response> {
    const own = turn.then(goOn);
    turn = own.catch(() => undefined);
    return own;
  }

  return (input, init) => attempt([input, init], []);
}

/** The maximum number of proofs for one request. */
const MAX_PROOFS = 4;

/** What a refusal asks for, as a string key. */
function keyOf({ code, methods, needs }: MfaClientError): string {
  return JSON.stringify([code, methods, needs]);
}

function isOneOf(codes: readonly string[], { code }: MfaClientError): boolean {
  return codes.includes(code);
}

/**
 * Whether a proof for one refusal also satisfies the other: every factor that the user may have used for the first is
 * accepted by the second. A fresh proof is recent enough for any `maxAge`.
 */
function satisfies(one: Refusal, other: Refusal): boolean {
  // A proof that is consumed serves one request.
  if (one.needs?.once || other.needs?.once) return false;
  const [shown, asked] = [needsOf(one), needsOf(other)];
  const [given, welcome] = [one.methods ?? [], other.methods ?? []];
  const isWelcome =
    given.length > 0 ? given.every((method) => welcome.includes(method)) : welcome.length === 0;
  return one.code === other.code && isWelcome && asked.every((need) => shown.includes(need));
}

/**
 * What a refusal requires of the proof besides its type. `allOf` is left out: each proof covers one of several factors,
 * and the next response says which comes next.
 */
function needsOf({ needs = {} }: Refusal): string[] {
  return Object.keys(needs).filter((need) => need !== 'allOf');
}

type Arguments = Parameters<Fetch>;

/** The arguments for two requests: bodies that can be read only once are duplicated. */
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
