/** A statement that changes rows. With a `claim` it must change exactly one row, or nothing of its commit happens. */
export interface Write {
  query: { getQueryAndParameters(): [string, unknown[]] };
  /** Names the claim, to tell the caller which one was lost. */
  claim?: string;
}

/** Either all writes of a commit happened, or none did, and the claim that was lost. */
export type CommitResult = { committed: true; affected: number[] } | { committed: false; lost: string };
