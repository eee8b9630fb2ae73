/** `completion SHELL`: prints the script that makes TAB work there. */
import { Argument, type Command } from "commander";
import { exitCodes } from "../../model/failure.js";
import { type Program, runs } from "../command.js";
import { completionScripts, type Shell, shells } from "../completion.js";
import type { Io } from "../io.js";

export const configure = (command: Command, io: Io, program: Program): void => {
  command.addArgument(new Argument("<shell>", "which shell").choices(shells));
  // The argument's choices are the shells.
  runs(command, io, program, async (own, _, [shell]) => {
    own.stdout.write(completionScripts[shell as Shell]);
    return { kind: "done", exitCode: exitCodes.done };
  });
};
