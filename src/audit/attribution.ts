/**
 * Who made a difference: drift matched with the audit log. An event is named as the cause only where it fits;
 * otherwise the answer is `unknown`, with the reason.
 */
import type { AuditEvent } from "./event.js";

export type Attribution =
  | {
      readonly kind: "event";
      readonly event: AuditEvent;
      /** `strong`: the event names the rule (or the switch's position); `weak`: it fits by type and time only. */
      readonly strength: "strong" | "weak";
      /** Who acted through what: `ui`, `api`, or the log's own word; absent where the log does not say. */
      readonly through?: string;
      /** Other events that fit as well, all older. */
      readonly others: number;
    }
  | {
      readonly kind: "unknown";
      /**
       * `no-event`: the log holds none that fits. `ambiguous`: several fit equally, none names the rule.
       * `log-unreadable`: see the report's diagnostics. `not-asked`: the log was not consulted.
       * `not-drift`: the policy changed, not the account, so there is nobody to name.
       */
      readonly reason: "no-event" | "ambiguous" | "log-unreadable" | "not-asked" | "not-drift";
    };
