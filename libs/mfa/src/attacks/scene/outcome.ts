/** The attack worked. */
export class Fell extends Error {}

/** The attack couldn't be carried out, so nothing is known. */
export class Unclear extends Error {}

/** The target has nothing that can be attacked this way. */
export class NotApplicable extends Error {}
