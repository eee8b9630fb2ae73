/**
 * Whether a text is printable ASCII alone, as nearly all names are: then no character in it is invisible, moves
 * the cursor or looks like a letter of another script. To ask this first keeps Unicode's tables, whose classes
 * (`\p{C}`) and normal forms take milliseconds at their first use, out of most runs.
 */
export const isPlainAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
