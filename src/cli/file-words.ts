/** A file's name in a sentence, and in a command to type: it may hold anything, a line end and a blank included. */
import { visible } from "../render/neutralise.js";

export const shownFile = (file: string): string => visible(file);

/** One word for a POSIX shell, where it can be shown as it is. */
export const shellWord = (text: string): string => {
  const shown = visible(text);
  return /^[\w./:@%+=,-]+$/.test(shown) && !shown.startsWith("-")
    ? shown
    : `'${shown.replaceAll("'", "'\\''")}'`;
};
