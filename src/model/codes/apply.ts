/** The codes of an apply: why it stopped, and what is on the account then. */

export const applyCodes = {};
