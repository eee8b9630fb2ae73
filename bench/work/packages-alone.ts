/**
 * What the two packages that the program reads policies and the API with cost by themselves: parse a policy with
 * `yaml`, get one page of rules with `undici`, nothing else. What the program does on top is ours to make faster.
 */
import { readFileSync } from "node:fs";

const [file = "", account] = process.argv.slice(2);
const { parseDocument } = await import("yaml");
const { errors } = parseDocument(readFileSync(file, "utf8"));
if (errors.length > 0) throw errors[0];
if (account !== undefined) {
  const { request } = await import("undici");
  const { DBT_CLOUD_HOST_URL: url, DBT_CLOUD_TOKEN: token } = process.env;
  const { statusCode, body } = await request(
    `${url}/api/v3/accounts/${account}/ip-restrictions/?limit=100&offset=0`,
    {
      headers: { authorization: `Token ${token}` },
    },
  );
  const { data } = (await body.json()) as { data: readonly unknown[] };
  if (statusCode !== 200 || data.length === 0) throw new Error(`the emulator answered ${statusCode}`);
  process.exit(0); // as the program does, which closes its connection
}
