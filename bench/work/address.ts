/** What the measurements use of the bulk code; bench/run.mjs bundles it. */
export { AccessMap, diffAccess } from "../../src/address/access-map.js";
export { AddressSet } from "../../src/address/address-set.js";
export { entriesOfType } from "../../src/address/prefix-columns.js";
export { PrefixLines, printPrefixLines } from "../../src/address/prefix-lines.js";
