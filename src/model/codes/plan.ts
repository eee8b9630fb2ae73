/** The codes of plans: an account and a policy that do not go together, and guards that refuse a plan. */
import { code } from "./code.js";

export const planCodes = {};

export const guardCodes = {
  "caller-unknown": code({
    severity: "note",
    message: "Your address is not known",
    hint: "Give it with --client-ip",
    meaning:
      "A note: it was not checked whether the plan blocks the address that you come from, since it is not known.",
    fix: "Give it with `--client-ip`.",
  }),
  "caller-unguarded": code({
    severity: "warning",
    message:
      "Your address is not known, `must_allow` is empty, and this plan blocks addresses: yours may be one of them",
    hint: "Give your address with --client-ip, or write it under `must_allow`",
    meaning:
      "The plan blocks addresses, and neither `--client-ip` nor `must_allow` names one that must stay allowed.",
    fix: "Give your address with `--client-ip`, or write it under `must_allow`.",
  }),
};
