/** A statement that changes rows. With a `claim` it must change exactly one, or nothing of its commit happens. */
export interface Write {
  query: { getQueryAndParameters(): [string, unknown[]] };
  /** What is claimed, to tell the caller which claim was lost. */
  claim?: string;
}

/** Either all writes of a commit happened, or none and the claim that was lost. */
export type CommitResult = { committed: true; affected: number[] } | { committed: false; lost: string };
