/** A replay whose actors, rules and tokens have the names that the caller gives. */
import type { SeenActor } from "../../src/plan/replay.js";
import { type ReplayStates, replay } from "../../src/plan/replay.js";
import type { ReplayReport } from "../../src/report/replay.js";
import { prefix, rule } from "./plans.js";
import type { Names } from "./samples.js";

const at = (day: string): number => Date.parse(`${day}T12:00:00Z`);

const actor = (kind: SeenActor["kind"], id: string, name: string, ...texts: string[]): SeenActor => ({
  kind,
  id,
  name,
  addresses: texts.map((text, index) => ({
    address: prefix(text).network,
    events: 10 + index,
    failedLogins: 0,
    firstSeen: at("2026-01-05"),
    lastSeen: at("2026-02-20"),
  })),
});

const statesOf = (names: Names): ReplayStates => ({
  before: {
    enforcement: "enabled",
    rules: [rule(names.partner, "allow", ["198.51.100.0/24"]), rule(names.vpn, "allow", ["203.0.113.0/24"])],
  },
  after: {
    enforcement: "enabled",
    rules: [rule(names.legacy, "deny", ["198.51.100.8"]), rule(names.vpn, "allow", ["203.0.113.0/24"])],
  },
});

export const replayOf = (names: Names, showPeople: boolean): ReplayReport => ({
  kind: "replay",
  asked: {
    views: [
      { title: "the account", state: statesOf(names).before },
      { title: "the account afterwards", state: statesOf(names).after },
    ],
  },
  replay: replay(
    {
      window: { since: "2025-12-01T00:00:00.000Z", until: "2026-03-01T00:00:00.000Z" },
      events: {
        read: 1234,
        withoutAddress: 3,
        unreadableAddress: 1,
        duplicates: 2,
        withoutTime: 1,
        outsideWindow: 5,
        inFuture: 1,
      },
      unreadable: [],
      actors: [
        actor("user", "9001", names.vpn, "198.51.100.7", "198.51.100.8"),
        actor("unknown", names.partner, names.partner, "198.51.100.9", "203.0.113.9"),
        actor("service_token", "77", names.legacy, "198.51.100.77"),
        actor("user", "9002", names.oldVpn, "203.0.113.9"),
      ],
    },
    statesOf(names),
  ),
  candidate: "policy.yaml",
  account: { id: 66847, host: "ab123.us1.dbt.com" },
  blind: [
    { kind: "service_token", id: "78", name: names.partner, lastActive: "2026-02-01T00:00:00.000Z" },
    { kind: "user", id: "9003", name: names.description, lastActive: "2026-02-02T00:00:00.000Z" },
    {
      kind: "user",
      id: "9004",
      name: names.oldVpn,
      lastActive: "2026-02-03T00:00:00.000Z",
      unreadable: true,
    },
    { kind: "git_provider", name: "GitLab" },
  ],
  privateAddresses: { addresses: 1, events: 4 },
  missing: [],
  diagnostics: [],
  showPeople,
  detailed: false,
});
