/** Commands that a message offers for typing: the one function that puts a name into them. */
import { visible } from "./escape.js";

/** One word for a POSIX shell, where it can be shown as it is. */
export const shellWord = (text: string): string => {
  const shown = visible(text);
  return /^[\w./:@%+=,-]+$/.test(shown) && !shown.startsWith("-")
    ? shown
    : `'${shown.replaceAll("'", "'\\''")}'`;
};
