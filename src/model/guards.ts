/**
 * The guards of a plan, in the order in which a plan lists them, and the flags that let them pass. How to add one:
 * ARCHITECTURE.md.
 */

/** The flags, one or two guards each; no flag contains another. */
export const overrideFlags = {
  lockout: "--allow-lockout",
  disturbance: "--accept-disturbance",
  removedRules: "--allow-removed-rules",
  newlyAllowed: "--allow-newly-allowed",
  cutOff: "--allow-cut-off",
  mustDeny: "--allow-must-deny",
  unmanaged: "--allow-unmanaged-rules",
  tests: "--allow-failed-tests",
  unguardedEnforcement: "--allow-unguarded-enforcement",
} as const;

export type OverrideFlag = (typeof overrideFlags)[keyof typeof overrideFlags];

/** What each flag does, for the help. */
export const flagMeanings: Readonly<Record<OverrideFlag, string>> = {
  "--allow-lockout": "continue even if you or a must_allow address would be locked out",
  "--accept-disturbance": "continue even if a step disturbs addresses that should not change",
  "--allow-removed-rules": "continue even if more rules are removed than max_removed_rules",
  "--allow-newly-allowed": "continue even if more addresses gain access than max_newly_allowed",
  "--allow-cut-off": "continue even if more people and tokens are cut off than max_cut_off",
  "--allow-must-deny": "continue even if a must_deny address would gain access",
  "--allow-unmanaged-rules": "continue even if the account has unmanaged rules",
  "--allow-failed-tests": "continue even if a policy test fails",
  "--allow-unguarded-enforcement": "turn enforcement on with no address that must stay allowed",
};

interface GuardRow {
  /** Undefined where nothing lets it pass. */
  readonly flag: OverrideFlag | undefined;
  /** Why a plan is refused, in a sentence of reasons. */
  readonly refused: string;
}

export const guards = {
  "confirmed-account": {
    flag: undefined,
    refused: "the account shows no rules, and that could not be confirmed",
  },
  "allow-in-force": { flag: undefined, refused: "no allow entry of this plan would be in force" },
  "policy-tests": { flag: overrideFlags.tests, refused: "a test of the policy fails" },
  "must-allow": {
    flag: overrideFlags.lockout,
    refused: "this plan would lock out an address that must stay allowed",
  },
  caller: { flag: overrideFlags.lockout, refused: "this plan would lock out your own address" },
  "first-enforcement": {
    flag: overrideFlags.unguardedEnforcement,
    refused: "it would turn enforcement on with no address that must stay allowed",
  },
  "must-deny": {
    flag: overrideFlags.mustDeny,
    refused: "this plan would allow an address that must stay blocked",
  },
  "max-removed-rules": {
    flag: overrideFlags.removedRules,
    refused: "this plan removes more rules than the policy permits",
  },
  "max-newly-allowed": {
    flag: overrideFlags.newlyAllowed,
    refused: "this plan gives more addresses access than the policy permits",
  },
  "max-cut-off": {
    flag: overrideFlags.cutOff,
    refused:
      "by the addresses on record, this plan would cut off more people or tokens than the policy permits",
  },
  "unmanaged-rules": {
    flag: overrideFlags.unmanaged,
    refused: "the account has rules that the policy does not name",
  },
  disturbance: {
    flag: overrideFlags.disturbance,
    refused: "a step would disturb addresses that should not change",
  },
} as const satisfies Readonly<Record<string, GuardRow>>;

export type GuardName = keyof typeof guards;

// The keys of the table above, and no others.
export const guardNames = Object.keys(guards) as readonly GuardName[];

export const isGuardName = (text: string): text is GuardName => Object.hasOwn(guards, text);

const allFlags: readonly string[] = Object.values(overrideFlags);

export const isOverrideFlag = (text: string): text is OverrideFlag => allFlags.includes(text);
