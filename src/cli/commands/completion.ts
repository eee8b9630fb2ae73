/** `completion SHELL`: prints the script that makes TAB work there. */
import { Argument, type Command } from "commander";
import { completionScripts, type Shell, shells } from "../completion-scripts.js";
import type { Io } from "../io.js";

export const configure = (command: Command, io: Io): void => {
  command
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText(
      "after",
      `
Examples:
  $ source <(dbt-ip-rules completion bash)      in ~/.bashrc
  $ source <(dbt-ip-rules completion zsh)       in ~/.zshrc, behind compinit
  $ dbt-ip-rules completion fish > ~/.config/fish/completions/dbt-ip-rules.fish`,
    )
    .action((shell: Shell) => {
      io.stdout.write(completionScripts[shell]);
    });
};
