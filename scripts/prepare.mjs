// npm runs this after an install in a checkout, and before it packs one: `npm install git+https://...` and pre-commit get
// the sources alone. What is built already is left as it is.
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";

if (!existsSync("dist/action/main.js")) execSync("npm run --silent build", { stdio: "inherit" });
