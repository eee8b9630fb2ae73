// The options of rolldown.config.ts, for the scripts that bundle: Node 20 runs no TypeScript, the bundler's loader does.
import { loadConfig } from "rolldown/config";

export const bundlerOptions = async () => {
  const options = await loadConfig("rolldown.config.ts");
  if (typeof options === "function" || Array.isArray(options) || Array.isArray(options.output))
    throw new Error("rolldown.config.ts must hold the options of one build");
  const { output = {}, ...input } = options;
  return { input, output };
};
