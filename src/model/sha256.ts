/** SHA-256, for identities: what a state means, what a finding is, which file a lock is for. */
import { hash } from "node:crypto";

/** In hexadecimal, of the text as UTF-8. A lone surrogate has no bytes of its own there: hash it as JSON. */
export const sha256 = (text: string): string => hash("sha256", text);
