/** The attack worked. */
export class Fell extends Error {}

/** It could not be carried out: nothing is known. */
export class Unclear extends Error {}

/** The target has nothing that could be attacked so. */
export class NotApplicable extends Error {}
