/** The codes of the network and of what the service answers. */

export const networkCodes = {};

export const serviceCodes = {};
