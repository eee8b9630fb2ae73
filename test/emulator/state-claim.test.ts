import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/listener.js";
import { claimState } from "../../src/emulator/state-file.js";
import { options } from "./emulated.js";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-claim-"));
  file = join(folder, "account.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const refusal = { diagnostics: [{ code: "emulator-state" }] };
const locks = () => readdirSync(folder).filter((name) => name.endsWith(".lock"));

it("refuses a second emulator on one state file, and takes it once the first is closed", async () => {
  const first = await startEmulator({ ...options(), stateFile: file });
  await expect(startEmulator({ ...options(), stateFile: file })).rejects.toMatchObject(refusal);
  expect(locks()).toHaveLength(1);
  symlinkSync(file, join(folder, "link.json"));
  await expect(startEmulator({ ...options(), stateFile: join(folder, "link.json") })).rejects.toMatchObject(
    refusal,
  );
  const neighbour = await startEmulator({ ...options(), stateFile: join(folder, "account.json.other") });
  await Promise.all([first.close(), neighbour.close()]);
  expect(locks()).toEqual([]);
  await (await startEmulator({ ...options(), stateFile: file })).close();
});

it("lets at most one of many that start at once go on", async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => claimState(file)));
  const claims = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(claims.length).toBeLessThanOrEqual(1);
  for (const claim of claims) await claim.release();
  expect(locks()).toEqual([]);
});

const key = "00000000-0000-4000-8000-000000000000";
const leftOver = (port: number): void => writeFileSync(`${file}.1-${port}-${key}.lock`, "");

const listening = async (says: string): Promise<Server> => {
  const server = createServer((socket) => socket.end(says));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
};
const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

it("removes what a killed emulator left, also where another program has its port now", async () => {
  const foreign = await listening("220 something else");
  const gone = await listening("");
  const free = portOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  leftOver(portOf(foreign));
  leftOver(free);
  await (await claimState(file)).release();
  expect(locks()).toEqual([]);
  await new Promise((resolve) => foreign.close(resolve));
});

it("steps back from one that answers with its key", async () => {
  const other = await listening(key);
  leftOver(portOf(other));
  await expect(claimState(file)).rejects.toMatchObject(refusal);
  expect(locks()).toHaveLength(1);
  await new Promise((resolve) => other.close(resolve));
});

it("leaves no claim where the start fails", async () => {
  writeFileSync(file, "damaged");
  await expect(startEmulator({ ...options(), stateFile: file })).rejects.toMatchObject(refusal);
  expect([locks(), existsSync(file)]).toEqual([[], true]);
  await expect(claimState(join(folder, "missing", "account.json"))).rejects.toMatchObject(refusal);
});
