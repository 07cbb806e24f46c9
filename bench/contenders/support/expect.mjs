/** A benchmark of errors is worthless, so any unexpected response ends the run. */
export function expect(answer, isRight, what) {
  if (isRight(answer)) return answer;
  throw new Error(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
