/** One authenticated call, and what an endpoint may touch of the emulator. */
import type { Address } from "../address/prefix.js";
import type { Clock } from "./clock.js";
import { type EmulatorReply, html, problem, readForm } from "./http.js";
import type { Settings } from "./settings.js";
import type { AccountStore } from "./state.js";
import type { Grant } from "./tokens.js";

/** What faults change about how a call takes effect. */
export interface Influence {
  /** Overrides the setting; null: its events never show. */
  readonly auditLagMs?: number | null;
  /** The listing leaves out all rules but those whose name begins so. */
  readonly hideRules?: { readonly except?: string };
  readonly drop?: { readonly cidr?: string; readonly silently: boolean };
}

export interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: string;
  /** The body's bytes were no UTF-8. */
  readonly isDamaged: boolean;
  readonly grant: Grant;
  /** Of every token that the emulator knows. */
  readonly grants: readonly Grant[];
  readonly address: Address;
  readonly addressText: string;
  readonly influence: Influence;
}

export interface Account {
  readonly store: AccountStore;
  /** Saves, then takes it as the state; throws where it cannot be saved. */
  commit(store: AccountStore): void;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Where export downloads come from. */
  readonly downloadsUrl: string;
}

export type ReadBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "reply"; readonly reply: EmulatorReply };

/**
 * A bad body gets an HTML page (docs/service.md, "Answers and limits"). Taken are JSON and the two kinds of
 * forms that the OpenAPI description lists.
 */
export const readBody = (call: Call): ReadBody => {
  const contentType = call.contentType ?? "application/json";
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  if (call.isDamaged) return { kind: "reply", reply: html(400) };
  const form = readForm(contentType, call.body);
  if (form.kind === "form") return { kind: "json", value: form.value };
  if (form.kind === "malformed") return { kind: "reply", reply: html(400) };
  if (type !== "application/json")
    return { kind: "reply", reply: problem(415, `Unsupported media type "${type}" in request.`) };
  try {
    return { kind: "json", value: JSON.parse(call.body) };
  } catch {
    return { kind: "reply", reply: html(400) };
  }
};

export const notFound = (): EmulatorReply =>
  problem(404, "The requested resource was not found. Please check that you have the proper permissions.");
