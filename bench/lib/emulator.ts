/** The program's own emulator in a process of its own, on another core than what is measured. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { data, root } from "./setup.js";

export const program = join(root, "dist", "cli", "main.js");
const token = "bench-token";
/** The first rule lets it in (accounts.ts): the emulator, as the service, refuses callers that are blocked. */
export const caller = "2001:db8::1";

const started = (child: ChildProcess) =>
  new Promise<string>((done, fail) => {
    let text = "";
    child.stdout?.on("data", (part) => {
      text += part;
      const [, url] = /listening on (\S+)/.exec(text) ?? [];
      if (url !== undefined) done(url);
    });
    child.once("exit", (code) => fail(new Error(`the emulator ended with ${code}`)));
  });

/** Calls `use` with the environment that reaches an account of so many rules; ends the emulator after it. */
export const withAccount = async <Found>(
  rules: number,
  use: (env: Readonly<Record<string, string>>) => Found | Promise<Found>,
): Promise<Found> => {
  const args = [
    "emulator",
    "--account",
    "66847",
    "--client-ip",
    caller,
    "--token",
    token,
    "--seed",
    data(`seed-${rules}.json`),
    "--rate-limit",
    "1000000000",
  ];
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await started(child);
    return await use({ DBT_CLOUD_HOST_URL: url, DBT_CLOUD_TOKEN: token });
  } finally {
    child.removeAllListeners("exit");
    child.kill();
  }
};
