// Writes dist/THIRD_PARTY_NOTICES.md: the licences of what is bundled into dist/, as they ask for.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { bundledPackages, inside } from "./bundled-packages.mjs";

/**
 * @param {string} title
 * @param {string} license its SPDX name
 * @param {string} text
 */
const section = (title, license, text) => `## ${title} (${license})\n\n\`\`\`text\n${text.trim()}\n\`\`\`\n`;

/** @param {string} name */
const packageSection = async (name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined) throw new Error(`${name} has no licence file: add its notice by hand`);
  return section(`${name} ${version}`, license, await readFile(`${folder}/${file}`, "utf8"));
};

const packages = await bundledPackages();
const sections = await Promise.all(packages.map(packageSection));
for (const { name, within, license, notice } of inside)
  if (packages.includes(within)) sections.push(section(`${name}, inside ${within}`, license, notice));
await writeFile(
  "dist/THIRD_PARTY_NOTICES.md",
  `# Packages bundled into dbt-ip-rules\n\n${sections.join("\n")}`,
);
