/** A benchmark of errors is worthless: whatever is not the expected answer ends the run. */
export function expect(answer, isRight, what) {
  if (isRight(answer)) return answer;
  throw new Error(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
