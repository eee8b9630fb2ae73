/**
 * A reader that closes the pipe early (`| head`) is no error of ours. Anything else, such as a full disk behind
 * `> FILE`, is told in one line, and the run does not end with 0: what was to be read is lost. It does go on, since
 * an apply must not break off midway for what is printed of it.
 */
export const allowClosedPipe = (stream: NodeJS.WriteStream): void => {
  let told = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || told) return;
    told = true;
    process.once("exit", () => {
      process.exitCode ||= 1;
    });
    if (stream === process.stdout)
      process.stderr.write(
        `error[cannot-write]: Cannot write to standard output: ${error.code ?? "unknown error"}\n` +
          "      hint: Make room, or write to a file with --output FILE\n",
      );
  });
};
