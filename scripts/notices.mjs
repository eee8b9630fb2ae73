// Writes dist/THIRD_PARTY_NOTICES.md: the licences of the packages that are bundled into dist/, as they ask for.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { bundledPackages } from "./bundled-packages.mjs";

const section = async (name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined) throw new Error(`${name} has no licence file: add its notice by hand`);
  const text = (await readFile(`${folder}/${file}`, "utf8")).trim();
  return `## ${name} ${version} (${license})\n\n\`\`\`text\n${text}\n\`\`\`\n`;
};

const sections = await Promise.all((await bundledPackages()).map(section));
await writeFile(
  "dist/THIRD_PARTY_NOTICES.md",
  `# Packages bundled into dbt-ip-rules\n\n${sections.join("\n")}`,
);
