// npm runs this after an install in a checkout, and before it packs one: `npm install git+https://...` and pre-commit get
// the sources alone. What is built already is left as it is.
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";

if (!existsSync("dist/action/main.js")) {
  // npm then looks for the packages of the checkout in its global folder too, and does not put them here.
  if (process.env.npm_config_global === "true" && !existsSync("node_modules"))
    throw new Error(
      "npm cannot build a package from git with --global: install it without --global, and run it with npx",
    );
  execSync("npm run --silent build", { stdio: "inherit" });
}
