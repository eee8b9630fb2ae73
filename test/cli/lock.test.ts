/** The lock between real processes: bundled once, run by `node`, stopped in every way a process can end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { acquireLock, processStart } from "../../src/cli/change/lock.js";

const account = { host: "ab123.us1.dbt.com", id: 66847 };
const now = new Date("2026-11-21T00:00:00Z");
let folder = "";
let script = "";
let state = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
  const entry = join(folder, "entry.ts");
  const lock = resolve("src/cli/change/lock.ts");
  await writeFile(
    entry,
    `import { acquireLock } from ${JSON.stringify(lock)};
    const id = Number(process.argv[2]);
    process.stdin.once("data", async () => {
      try {
        await acquireLock({ host: "ab123.us1.dbt.com", id }, process.env, new Date());
        console.log("held");
        setInterval(() => undefined, 1000);
      } catch (error) {
        console.log(error.diagnostics?.[0].code ?? String(error));
        process.exit(1);
      }
    });
    console.log("ready");`,
  );
  const bundle = await rolldown({ input: entry, platform: "node" });
  script = join(folder, "holder.mjs");
  await bundle.write({ file: script, format: "esm" });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  state = await mkdtemp(join(folder, "state-"));
});

interface Holder {
  readonly child: ChildProcess;
  readonly said: Promise<string>;
  readonly go: () => void;
}

/** However long it takes. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await wait(5);
};

/** A process that waits for a word, then tries to take the lock and says how that went. */
const holder = async (id = account.id): Promise<Holder> => {
  const child = spawn(process.execPath, [script, String(id)], {
    env: { ...process.env, XDG_STATE_HOME: state },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! });
  const reading = lines[Symbol.asyncIterator]();
  await reading.next();
  const said = reading.next().then(({ value }) => String(value));
  return { child, said, go: () => child.stdin!.write("go\n") };
};

const start = async (id?: number): Promise<Holder> => {
  const one = await holder(id);
  one.go();
  return one;
};

const end = async ({ child }: Holder, signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
};

const acquire = () => acquireLock(account, { XDG_STATE_HOME: state }, now);

describe("the lock between applies", () => {
  it("is taken once, and free again after its release", async () => {
    const lock = await acquire();
    await expect(acquire()).rejects.toMatchObject({ diagnostics: [{ code: "apply-locked" }], exitCode: 1 });
    await lock.release();
    const again = await acquire();
    await again.release();
  });

  it("names the process that holds it", async () => {
    const other = await start();
    expect(await other.said).toBe("held");
    await expect(acquire()).rejects.toThrow(new RegExp(`process ${other.child.pid}, since 20`));
    await end(other);
  });

  it("keeps accounts apart from each other", async () => {
    const other = await start(1);
    expect(await other.said).toBe("held");
    const lock = await acquire();
    await lock.release();
    await end(other);
  });

  it.each(["SIGKILL", "SIGTERM"] as const)("is free as soon as its process ended by %s", async (signal) => {
    const other = await start();
    expect(await other.said).toBe("held");
    await end(other, signal);
    const lock = await acquire();
    await lock.release();
    const left = await readdir(state, { recursive: true });
    expect(left.filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  it("holds while its process is stopped, however long", async () => {
    const other = await start();
    expect(await other.said).toBe("held");
    other.child.kill("SIGSTOP");
    await expect(acquire()).rejects.toMatchObject({ diagnostics: [{ code: "apply-locked" }] });
    await end(other);
  });

  it("is not held by a process that was given the number of a dead one", async () => {
    const lock = await acquire();
    const [name = ""] = (await readdir(state, { recursive: true })).filter((path) => path.endsWith(".lock"));
    await lock.release();
    const began = await processStart(process.pid);
    const recycled = name.replace(`_${began}_`, `_${began}9_`);
    expect(recycled).not.toBe(name);
    await writeFile(join(state, recycled), "");
    const again = await acquire();
    await again.release();
    // Neither does a number of another machine, container or boot.
    await writeFile(join(state, name.replace(/[0-9a-f]{16}_/, "0123456789abcdef_")), "");
    const third = await acquire();
    await third.release();
    // The unaltered name, of this living process, does hold.
    await writeFile(join(state, name), "");
    await expect(acquire()).rejects.toMatchObject({ diagnostics: [{ code: "apply-locked" }] });
  });

  it.runIf(process.platform === "linux")(
    "is not held by a process that has ended and waits for its parent",
    async () => {
      const parent = spawn("sh", ["-c", "exec 3<&0; cat <&3 & echo $!; exec tail -f /dev/null"], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      const [line] = await once(createInterface({ input: parent.stdout }), "line");
      // The inner process ends after its parent has become one that never asks for it.
      await until(async () => (await readFile(`/proc/${parent.pid}/comm`, "utf8")) === "tail\n");
      parent.stdin.end();
      await until(async () => (await processStart(Number(line))) === "gone");
      expect(process.kill(Number(line), 0)).toBe(true);
      parent.kill();
    },
  );

  it("is never held by two of many that begin at once", async () => {
    const crowd = await Promise.all(Array.from({ length: 6 }, () => holder()));
    for (const one of crowd) one.go();
    const said = await Promise.all(crowd.map((one) => one.said));
    expect(said.filter((word) => word === "held").length).toBeLessThanOrEqual(1);
    expect(said.filter((word) => word !== "held" && word !== "apply-locked")).toEqual([]);
    await Promise.all(crowd.map((one) => end(one)));
    const lock = await acquire();
    await lock.release();
  });

  it("falls back to another place where the user's own is not writable", async () => {
    const blocked = join(state, "file");
    await writeFile(blocked, "");
    const lock = await acquireLock(
      { host: `${process.pid}.example`, id: 1 },
      { XDG_STATE_HOME: blocked },
      now,
    );
    await lock.release();
  });

  it.runIf(process.getuid !== undefined)("trusts no such place that others made or may write", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "dbt-ip-rules-test-"));
    vi.stubEnv("TMPDIR", temporary);
    const blocked = join(state, "file");
    await writeFile(blocked, "");
    const fallback = join(temporary, `dbt-ip-rules-${process.getuid?.()}`);
    const tryIt = () => acquireLock(account, { XDG_STATE_HOME: blocked }, now);
    try {
      await mkdir(fallback);
      await chmod(fallback, 0o777);
      await expect(tryIt()).rejects.toMatchObject({ diagnostics: [{ code: "lock-unavailable" }] });
      await rm(fallback, { recursive: true });
      await mkdir(join(temporary, "elsewhere"));
      await symlink("elsewhere", fallback);
      await expect(tryIt()).rejects.toMatchObject({ diagnostics: [{ code: "lock-unavailable" }] });
      await rm(fallback);
      await (await tryIt()).release();
    } finally {
      vi.unstubAllEnvs();
      await rm(temporary, { recursive: true, force: true });
    }
  });
});
