/** How much room text takes on a terminal, in cells: East Asian wide characters two, marks none. */

/**
 * Whether a text is printable ASCII alone, as nearly all names are: then no character in it is invisible, moves
 * the cursor or looks like a letter of another script. To ask this first keeps Unicode's tables, whose classes
 * (`\p{C}`) and normal forms take milliseconds at their first use, out of most runs.
 */
export const isPlainAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

// Patterns of Unicode's classes are inside functions, as in escape.ts.
const isWide = (character: string): boolean =>
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u{3000}-\u{303e}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}]/u.test(
    character,
  );
const isHalfwidth = (character: string): boolean => /[\u{ff61}-\u{ffdc}]/u.test(character);
const isMark = (character: string): boolean => /\p{M}/u.test(character);

const cellsOfCharacter = (character: string): number => {
  if (isMark(character)) return 0;
  return isWide(character) && !isHalfwidth(character) ? 2 : 1;
};

/** Cells of a text without escapes. */
export const cellsOf = (text: string): number => {
  if (isPlainAscii(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOfCharacter(character);
  return cells;
};
