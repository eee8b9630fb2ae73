/** Lists of prefixes from different programs, made comparable: the same spelling, the same order, one hash. */
import { createHash } from "node:crypto";

/** A bare address is a prefix of full length; what is left is spelled alike by all (RFC 5952). */
const spelled = (line: string): string =>
  line.includes("/") ? line : `${line}/${line.includes(":") ? 128 : 32}`;

export const hashOfList = (text: Buffer): string => {
  const lines = text.toString("latin1").split("\n").filter(Boolean).map(spelled).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
};
