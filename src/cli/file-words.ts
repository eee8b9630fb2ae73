/** A file's name in a sentence, and in a command to type: it may hold anything, a line end and a blank included. */
import { visible } from "../model/escape.js";

export const shownFile = (file: string): string => visible(file);
