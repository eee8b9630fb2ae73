/** `completion SHELL`: prints the script that makes TAB work there. */
import { Argument, type Command } from "commander";
import { completionScripts, type Shell, shells } from "../completion-scripts.js";
import type { Io } from "../io.js";

export const configure = (command: Command, io: Io): void => {
  command.addArgument(new Argument("<shell>", "which shell").choices(shells)).action((shell: Shell) => {
    io.stdout.write(completionScripts[shell]);
  });
};
