#!/usr/bin/env node

import process from "node:process";
import { enableCompileCache } from "./compile-cache.js";

/** The process: has Node keep what it compiles, loads the program and sets the exit code. */

enableCompileCache(process.env);
// Loaded after it, for only what comes after it is kept.
const { runProcess } = await import("./program.js");
process.exitCode = await runProcess(process.argv.slice(2));
