// npm runs this after an install in a checkout, and before it packs one: `npm install git+https://...` and pre-commit get
// the sources alone. What is built already is left as it is.
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";

const { npm_config_global: global, npm_config_install_links: links, ...rest } = process.env;

/** @param {string} command */
const run = (command) => {
  // What was said of the outer install is not meant for this one.
  const { npm_config_prefix: _, npm_config_location: __, ...env } = rest;
  execSync(command, { env, stdio: "inherit" });
};

if (!existsSync("dist/action/main.js")) {
  if (!existsSync("node_modules")) {
    // `npm install --global git+...` puts the packages of the checkout elsewhere, and without --install-links it leaves
    // a link to a folder that it then deletes.
    if (global === "true" && links !== "true")
      throw new Error("npm install --global of a git repository needs --install-links too");
    run("npm ci --ignore-scripts --prefer-offline --loglevel=error");
  }
  run("npm run --silent build");
}
