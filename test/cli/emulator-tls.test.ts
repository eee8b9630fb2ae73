/** The emulator over https, and what is wrong with a certificate. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { describe, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder, token } from "./world.js";

const file = (name: "cert" | "key") => `test/fixtures/tls/127.0.0.1.${name}.pem`;
const [cert, key] = [readFileSync(file("cert"), "utf8"), readFileSync(file("key"), "utf8")];

const get = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(`${url}/api/v3/accounts/`, { ca: cert, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on("error", reject).end();
  });

describe("emulator --tls --key", () => {
  it("serves https to a client that trusts the certificate", async () => {
    const { url } = await newAccount(9, undefined, { tls: { cert, key } });
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const authorization = `Token ${token}`;
    expect(await get(url, { authorization })).toBe(200);
    expect(await get(url, { authorization, origin: url })).toBe(200);
    expect(await get(url, { authorization, origin: url.replace("https", "http") })).toBe(403);
  });

  it.each([
    [["--tls", file("cert")], "TLS needs both a certificate and its key"],
    [["--tls", "no-such.pem", "--key", file("key")], "no-such.pem cannot be read"],
    [["--tls", file("key"), "--key", file("key")], "The certificate and the key cannot be used"],
  ])("%j is refused", async (flags, said) => {
    const cwd = flags.includes("no-such.pem") ? await newFolder() : process.cwd();
    const ran = await dbtIpRules({ cwd }, "emulator", "--account", "1", "--token", "t", ...flags);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("error[emulator-tls]");
    expect(ran.stderr).toContain(said);
    expect(ran.stderr).toContain("--tls CERT --key KEY");
  });
});
