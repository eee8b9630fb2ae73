// Entries that somebody switched off: shown, no part of the plan, and switched on where the policy wants their range.
import { afterEach, expect, test } from "vitest";
import { policyText, ruleText, World } from "../audit/world.js";

let world: World;
afterEach(() => world.close());

test("a policy that wants a disabled range is applied, and then has nothing to do", async () => {
  const cidrs = ["192.0.2.0/24", { cidr: "198.51.100.0/24", enabled: false }];
  world = await World.open({ seed: { rules: [{ name: "Office", type: "allow", cidrs }] } });
  const run = async (...args: string[]) => (await world.run([...args, "--format", "json"])).stdout;
  expect(JSON.parse(await run("show")).rules[0].disabled_entries).toMatchObject([
    { cidr: "198.51.100.0/24" },
  ]);
  expect((await world.run(["show"])).stdout).toContain("1 disabled entry");
  await world.write("policy.yaml", policyText(ruleText("Office", ["192.0.2.0/24", "198.51.100.0/24"])));
  await world.apply();
  expect((await world.run(["plan", "--detailed-exitcode"])).code).toBe(0);
  expect(JSON.parse(await run("show")).rules[0]).not.toHaveProperty("disabled_entries");
});
