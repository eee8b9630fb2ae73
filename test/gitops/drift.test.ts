/** `command: drift`: one issue an account, opened once, kept up to date, closed at the end. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { ownLogin } from "./github-stand-in.js";
import { accountId, dbtToken, policyAsIs, startWorld, type World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.write("policy.yaml", policyAsIs);
});
afterEach(() => world.close());

const rulesUrl = () => `${world.emulator.url}/api/v3/accounts/${accountId}/ip-restrictions/`;
const headers = { authorization: `Token ${dbtToken}`, "content-type": "application/json" };

/** Somebody's change past the tool. */
const addRange = async (cidr: string): Promise<void> => {
  // The emulator's documented list; its first rule is the VPN's.
  const listed = (await (await fetch(rulesUrl(), { headers })).json()) as { data: { id: number }[] };
  const body = {
    name: "Corporate VPN",
    type: 1,
    account_id: accountId,
    cidrs: [{ cidr }],
    description: "Staff",
  };
  const put = { method: "PUT", headers, body: JSON.stringify(body) };
  expect((await fetch(`${rulesUrl()}${listed.data[0]?.id}`, put)).status).toBe(200);
};

const drift = (inputs: Record<string, string> = {}) => world.run({ command: "drift", ...inputs });
const marker = () => `<!-- dbt-ip-rules:drift:${world.emulator.url.replace("http://", "")}:${accountId} -->`;
const remarks = (number: number) => (world.github.comments.get(number) ?? []).map(({ body }) => body);

it("opens one issue, updates it, says what is new, and closes it", async () => {
  const clean = await drift();
  expect(clean.outputs).toMatchObject({ verdict: "no-drift", "issue-number": "", "exit-code": "0" });
  expect(world.github.issues).toEqual([]);

  await addRange("198.51.100.0/24");
  const found = await drift();
  expect(found.code).toBe(2);
  expect(found.outputs).toMatchObject({ verdict: "differences", "exit-code": "2", direction: "broadens" });
  expect(found.summary).toContain("differs from the policy");
  const [issue, ...others] = world.github.issues;
  if (issue === undefined) throw new Error("no issue was opened");
  expect(others).toEqual([]);
  expect(found.outputs["issue-number"]).toBe(String(issue.number));
  expect(issue.body.split("\n", 1)[0]).toBe(marker());
  expect(issue.title).toContain(String(accountId));

  const same = await drift({ "fail-on-drift": "false" });
  expect(same.code).toBe(0);
  expect(same.outputs["exit-code"]).toBe("2");
  expect(remarks(issue.number)).toEqual([]);

  await addRange("192.0.2.0/25");
  await drift();
  expect(world.github.issues).toHaveLength(1);
  expect(issue.body).toContain("192.0.2.0/25");
  expect(remarks(issue.number)).toHaveLength(1);
  expect(remarks(issue.number)[0]).toContain("1 new difference.");

  await world.run({ command: "apply", comment: "false" });
  const gone = await drift();
  expect(gone.code).toBe(0);
  expect(issue).toMatchObject({ state: "closed", state_reason: "completed" });

  await addRange("198.51.100.0/24");
  await drift();
  expect(world.github.issues.map(({ state }) => state)).toEqual(["closed", "open"]);
});

it("does not touch what others wrote, however it looks", async () => {
  const body = `${marker()}\nnothing to see`;
  const foreign = world.github.addIssue({ user: { login: "stranger", type: "User" }, title: "x", body });
  const pull = world.github.addIssue({
    user: { login: ownLogin, type: "Bot" },
    title: "x",
    body,
    pull_request: {},
  });
  for (let index = 0; index < 120; index++)
    world.github.addIssue({ user: { login: "someone", type: "User" }, title: `${index}`, body: "" });
  await addRange("198.51.100.0/24");
  await drift();
  await drift();
  expect(world.github.issues).toHaveLength(123);
  expect([foreign.body, pull.body]).toEqual([body, body]);
  await world.run({ command: "apply", comment: "false" });
  await drift();
  expect([foreign.state, pull.state]).toEqual(["open", "open"]);
  expect(world.github.issues.at(-1)?.state).toBe("closed");
});

it("folds two issues of a race into the older one", async () => {
  await addRange("198.51.100.0/24");
  await drift();
  const [first] = world.github.issues;
  const second = world.github.addIssue({
    user: { login: ownLogin, type: "Bot" },
    title: "x",
    body: first?.body ?? "",
  });
  await drift();
  expect([first?.state, second.state]).toEqual(["open", "closed"]);
});

it("opens no second issue where the answer to the first was lost", async () => {
  await addRange("198.51.100.0/24");
  world.github.faults.push({ method: "POST", path: /issues$/, status: 500, after: true });
  const ran = await drift({ "fail-on-drift": "false" });
  expect(ran.code, ran.log).toBe(0);
  expect(world.github.issues).toHaveLength(1);
});

it("leaves the issue as it is where nobody could look", async () => {
  await addRange("198.51.100.0/24");
  await drift();
  const before = world.github.issues[0]?.body;
  const ran = await drift({ token: "wrong-token", "fail-on-drift": "false" });
  expect(ran.code).toBe(1);
  expect(ran.outputs.verdict).toBe("error");
  expect(world.github.issues[0]).toMatchObject({ state: "open", body: before });
});

it("hides no drift behind an issue that cannot be opened", async () => {
  await addRange("198.51.100.0/24");
  world.github.faults.push({ method: "POST", path: /issues$/, status: 403 });
  const ran = await drift();
  expect(ran.code).toBe(2);
  expect(ran.outputs).toMatchObject({ "exit-code": "2", verdict: "differences", "issue-number": "" });
  expect(ran.log).toMatch(/^::error title=dbt-ip-rules::.*issues: write.*exit code 2/m);
  world.github.faults.push({ method: "POST", path: /issues$/, status: 403 });
  const tolerant = await drift({ "fail-on-drift": "false" });
  expect(tolerant.code).toBe(1);
});

it("asks GitHub nothing where the issue is not wanted", async () => {
  await addRange("198.51.100.0/24");
  await drift({ issue: "false" });
  expect(world.github.requests).toEqual([]);
});
