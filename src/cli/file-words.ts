/** A file's name in a sentence, and in a command to type: it may hold anything, a line end and a space included. */
import { basename, isAbsolute, relative, resolve } from "node:path";
import { visible } from "../model/escape.js";
import type { Io } from "./io.js";

export const shownFile = (file: string): string => visible(file);

/** For a reader on another machine: relative to where the program ran; of a file elsewhere, its name alone. */
export const nameElsewhere = ({ cwd }: Pick<Io, "cwd">, file: string): string => {
  const name = relative(cwd, resolve(cwd, file));
  return name.startsWith("..") || isAbsolute(name) ? basename(file) : name.replaceAll("\\", "/");
};
