/**
 * Loads the bundled program (CommonJS chunks) and keeps what V8 compiled of it for the next start, as Python does
 * in `__pycache__`: compiling is otherwise two thirds of what a start costs.
 *
 * - The cache is a folder beside the program, so whoever can write it can write the program itself; a file for each
 *   version of Node and each command. Where the folder cannot be written there is no cache, and nothing is said.
 * - Nothing depends on it: V8 takes an entry only from the same version and flags of its own, and we only for the
 *   same name, size and time of the chunk; otherwise the chunk is compiled from its text.
 * - The chunks hold no `import()`, which needs a loader that kept code no longer knows: the build writes `require`.
 * - `NODE_DISABLE_COMPILE_CACHE=1`, Node's own variable for its own such cache, turns it off.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** A header line of JSON, place and length of each entry by its key; then the entries. */
type Header = Readonly<Record<string, readonly [at: number, length: number]>>;
type Entries = ReadonlyMap<string, Buffer>;

/** Empty where there is no cache, or none that is whole. */
const readCache = (file: string): Entries => {
  try {
    const bytes = readFileSync(file);
    const start = bytes.indexOf("\n") + 1;
    // Our own file; what it holds is checked by use: V8 refuses what it cannot run.
    const header = JSON.parse(bytes.toString("latin1", 0, start)) as Header;
    const entries = Object.entries(header).map(
      ([key, [at, length]]) => [key, bytes.subarray(start + at, start + at + length)] as const,
    );
    const whole = entries.reduce((sum, [, entry]) => sum + entry.length, start) === bytes.length;
    return whole ? new Map(entries) : new Map();
  } catch {
    return new Map();
  }
};

/** Whole or not at all, since other runs may read or write it now. */
const writeCache = (file: string, entries: Entries): void => {
  let at = 0;
  const header = Object.fromEntries(
    [...entries].map(([key, { length }]) => {
      at += length;
      return [key, [at - length, length]];
    }),
  );
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      temporary,
      Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...entries.values()]),
    );
    renameSync(temporary, file);
  } catch {
    // A folder that cannot be written: each start compiles, as it would without this file.
  }
};

/** The build made each chunk a function, as Node wraps modules (scripts/build.mjs). */
const readChunk = (file: string): { source: string; stamp: string } => {
  const handle = openSync(file, "r");
  try {
    const { size, mtimeMs } = fstatSync(handle);
    // And ASCII of it, which need not be decoded.
    return { source: readFileSync(handle, "latin1"), stamp: `${size} ${mtimeMs}` };
  } finally {
    closeSync(handle);
  }
};

/** The exports of `entry`, a file of `folder`. `cacheFile` undefined: without a cache. */
export const loadProgram = (folder: string, entry: string, cacheFile: string | undefined): unknown => {
  const cached = cacheFile === undefined ? new Map<string, Buffer>() : readCache(cacheFile);
  const compiled = new Map<string, Script>();
  const modules = new Map<string, { exports: unknown }>();
  const nodeRequire = createRequire(join(folder, entry));
  // Of `process`, `require` would read every property, and so open streams that nobody asked for.
  const requireBuiltin = (name: string): unknown => (name === "node:process" ? process : nodeRequire(name));
  let complete = true;

  const compile = (file: string): Script => {
    const { source, stamp } = readChunk(file);
    const key = `${file.slice(folder.length + 1)} ${stamp}`;
    const cachedData = cached.get(key);
    const script = new Script(source, {
      filename: file,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    if (cachedData === undefined || script.cachedDataRejected === true) complete = false;
    compiled.set(key, script);
    return script;
  };

  const load = (file: string): unknown => {
    const known = modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const require = (name: string): unknown =>
      name.startsWith(".") ? load(join(dirname(file), name)) : requireBuiltin(name);
    compile(file).runInThisContext()(module.exports, require, module, file, dirname(file));
    return module.exports;
  };

  if (cacheFile !== undefined)
    // At the end, so that the functions that the run needed are in it; not after a run that broke off.
    process.once("exit", (code) => {
      if (complete || code === 1 || code > 3) return;
      const fresh = [...compiled].map(([key, script]) => [key, script.createCachedData()] as const);
      writeCache(cacheFile, new Map([...cached, ...fresh]));
    });
  return load(join(folder, entry));
};
