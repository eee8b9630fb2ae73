/** The codes of a policy's text. */

export const policyCodes = {};
