/** The traffic on record against a candidate, as JSON: without `--show-people` nobody has a name or an address in it. */
import { formatAddress, formatPrefix } from "../../address/prefix.js";
import { diagnosticAsDocument } from "../../plan/documents.js";
import { actorsWith, type ReplayDecider, type ReplayedActor, type ReplayOutcome } from "../../plan/replay.js";
import {
  blindLabels,
  isOneAddress,
  isToken,
  type ReplayReport,
  replayClosing,
  replayVerdict,
} from "../replay.js";

const deciderDocument = (decider: ReplayDecider, showPeople: boolean) => {
  if (decider.kind !== "entry") return { kind: decider.kind };
  const { kind, rule, type, prefix } = decider;
  return { kind, rule, type, cidr: showPeople || !isOneAddress(decider) ? formatPrefix(prefix) : null };
};

const iso = (at: number): string => new Date(at).toISOString();

const actorDocument = (actor: ReplayedActor, showPeople: boolean) => {
  const named = showPeople || isToken(actor);
  return {
    id: named ? (actor.id ?? null) : null,
    name: named ? (actor.name ?? actor.label) : actor.label,
    label: actor.label,
    type: actor.kind,
    outcome: actor.outcome,
    ...(actor.outcomeIfNotSubject === undefined ? {} : { outcome_if_not_subject: actor.outcomeIfNotSubject }),
    events: actor.events,
    first_seen: iso(actor.firstSeen),
    last_seen: iso(actor.lastSeen),
    addresses: actor.addresses.map((one) => ({
      address: showPeople ? formatAddress(one.address) : null,
      events: one.events,
      first_seen: iso(one.firstSeen),
      last_seen: iso(one.lastSeen),
      before: one.before,
      after: one.after,
      before_by: deciderDocument(one.beforeBy, showPeople),
      after_by: deciderDocument(one.afterBy, showPeople),
    })),
    would_let_in: showPeople ? actor.wouldLetIn.map(formatPrefix) : null,
    would_let_in_count: actor.wouldLetIn.length,
  };
};

export const replayDocument = (report: ReplayReport) => {
  const { replay, blind, showPeople, missing } = report;
  const { events } = replay;
  const labels = blindLabels(report);
  const count = (outcome: ReplayOutcome): number => actorsWith(replay, outcome).length;
  return {
    format: "dbt-ip-rules/replay" as const,
    version: 1 as const,
    verdict: replayVerdict(report),
    summary: replayClosing(report),
    complete: missing.length === 0,
    account: report.account === undefined ? null : { id: report.account.id, host: report.account.host },
    candidate: report.candidate,
    window: replay.window,
    enforcement: { ...replay.enforcement, effective_after: replay.effective },
    service_tokens_subject: replay.serviceTokensSubject ?? null,
    events: {
      read: events.read,
      without_address: events.withoutAddress,
      unreadable_address: events.unreadableAddress,
      without_time: events.withoutTime,
      duplicates: events.duplicates,
      outside_window: events.outsideWindow,
      in_future: events.inFuture,
      from_private_addresses: report.privateAddresses.events,
    },
    counts: {
      cut_off: count("cut_off"),
      partly: count("partly"),
      gains: count("gains"),
      blocked: count("blocked"),
      keeps: count("keeps"),
    },
    people_shown: showPeople,
    actors: replay.actors.map((actor) => actorDocument(actor, showPeople)),
    blind: blind.map(({ kind, id, name, lastActive, unreadable }, at) => {
      const named = showPeople || kind !== "user";
      return {
        kind,
        id: named ? (id ?? null) : null,
        name: named ? name : labels[at]!,
        last_active: lastActive ?? null,
        ...(unreadable ? { unreadable_address: true } : {}),
      };
    }),
    unused_entries: replay.unused.map(({ rule, type, prefix }) => ({
      rule,
      type,
      cidr: formatPrefix(prefix),
    })),
    diagnostics: [...missing, ...report.diagnostics].map(diagnosticAsDocument),
  };
};
