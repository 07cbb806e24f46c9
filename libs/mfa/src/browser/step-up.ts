import type { MfaClientError } from './mfa-client-error.js';
import { readBody, toRefusal } from './refusal.js';
import type { Fetch } from './session-header.js';

/** Refusals that the user can do something about. */
export type StepUpCode = 'mfa_required' | 'reauthentication_required' | 'mfa_enrollment_required';

/**
 * Lets the user prove what is missing: shows a dialogue, say. The refusal tells what would do (`code`, `methods`, `maxAge`).
 * False, or a rejection, gives up: the request then keeps its refusal.
 */
export type StepUpHandler = (
  refusal: MfaClientError & { code: StepUpCode },
) => boolean | void | Promise<boolean | void>;

export interface StepUpOptions {
  /** The refusals that the handler takes; `mfa_required` alone by default. */
  codes?: readonly StepUpCode[];
}

interface Run {
  /** What it is for: requests that ask for the same share it. */
  demand: string;
  result: Promise<boolean>;
}

/**
 * A fetch that runs the handler when a request is refused for want of a second factor, and then repeats the request once. Requests
 * that are refused in parallel share one run; one that asks for other factors waits its turn.
 *
 * The handler's own requests must not go through the fetch that it serves: they would wait for themselves.
 */
export function withStepUp(
  fetch: Fetch,
  handler: StepUpHandler,
  { codes = ['mfa_required'] }: StepUpOptions = {},
): Fetch {
  let running: Run | undefined;
  /** How many runs have succeeded for each demand. */
  const successes = new Map<string, number>();

  async function stepUp(refusal: MfaClientError & { code: StepUpCode }, seen: number): Promise<boolean> {
    const demand = demandOf(refusal);
    while (running && running.demand !== demand) await running.result;
    // Sent before the user proved it, answered after: there is nothing left to ask for.
    if (!running && (successes.get(demand) ?? 0) > seen) return true;
    running ??= { demand, result: start(refusal, demand) };
    return running.result;
  }

  async function start(refusal: MfaClientError & { code: StepUpCode }, demand: string): Promise<boolean> {
    try {
      const isProven = (await handler(refusal)) !== false;
      if (isProven) successes.set(demand, (successes.get(demand) ?? 0) + 1);
      return isProven;
    } catch {
      return false;
    } finally {
      running = undefined;
    }
  }

  return async (input, init) => {
    const [first, again] = twice(input, init);
    const before = new Map(successes);
    const response = await fetch(...first);
    const refusal = await refusalOf(response, codes);
    if (!refusal) return response;
    const isProven = await stepUp(refusal, before.get(demandOf(refusal)) ?? 0);
    return isProven ? fetch(...again) : response;
  };
}

/** A fresh proof is young enough for every `maxAge`, so that makes no difference. */
function demandOf({ code, methods }: MfaClientError): string {
  return [code, ...(methods ?? [])].join(' ');
}

async function refusalOf(response: Response, codes: readonly StepUpCode[]) {
  if (response.status !== 401 && response.status !== 403) return null;
  // The caller gets the answer unread.
  const refusal = toRefusal(response, await readBody(response.clone()));
  return (codes as readonly string[]).includes(refusal.code)
    ? (refusal as MfaClientError & { code: StepUpCode })
    : null;
}

type Arguments = Parameters<Fetch>;

/** The arguments for two requests: what can be read only once is there twice. */
function twice(input: RequestInfo | URL, init: RequestInit | undefined): [Arguments, Arguments] {
  const [firstInput, nextInput] = input instanceof Request ? [input.clone(), input] : [input, input];
  if (!(init?.body instanceof ReadableStream))
    return [
      [firstInput, init],
      [nextInput, init],
    ];
  const [firstBody, nextBody] = init.body.tee();
  return [
    [firstInput, { ...init, body: firstBody }],
    [nextInput, { ...init, body: nextBody }],
  ];
}
