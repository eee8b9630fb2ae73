/** What a file of `commands/` is, and what of the whole program its command may use. */
import type { Command } from "commander";
import type { ExitCode } from "../model/failure.js";
import type { Io } from "./io.js";

/** The program as a command sees it: handed in, since the program loads the commands. */
export interface Program {
  /** Runs another command line; never throws. */
  run(argv: readonly string[], io: Io): Promise<ExitCode>;
  /** The program with the options of one command only: what completion needs at each TAB. */
  withOptionsOf(io: Io, command: string | undefined): Promise<Command>;
}

export interface CommandModule {
  configure(command: Command, io: Io, program: Program): void;
}
