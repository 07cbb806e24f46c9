/**
 * A clock that runs `speed` times as fast, in milliseconds since the Unix epoch. Processes share it by its start time.
 */
export function fastClock(startedAt, speed) {
  return () => startedAt + (Date.now() - startedAt) * speed;
}
