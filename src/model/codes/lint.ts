/** The codes of lint: what is valid and probably not intended. */

export const lintCodes = {};
