/**
 * The guards of a plan, and the flags that let them pass. A new guard is a row here, its codes in `codes/plan.ts`, and
 * its check in `plan/guards.ts`. Each plan lists its guards in the order of these rows.
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

/** Each guard with its flag; undefined where nothing lets it pass. */
export const guardFlags = {
  "confirmed-account": undefined,
  "allow-in-force": undefined,
  "policy-tests": overrideFlags.tests,
  "must-allow": overrideFlags.lockout,
  caller: overrideFlags.lockout,
  "first-enforcement": overrideFlags.unguardedEnforcement,
  "must-deny": overrideFlags.mustDeny,
  "max-removed-rules": overrideFlags.removedRules,
  "max-newly-allowed": overrideFlags.newlyAllowed,
  "max-cut-off": overrideFlags.cutOff,
  "unmanaged-rules": overrideFlags.unmanaged,
  disturbance: overrideFlags.disturbance,
} as const satisfies Readonly<Record<string, OverrideFlag | undefined>>;

export type GuardName = keyof typeof guardFlags;

// The keys of the table above, and no others.
export const guardNames = Object.keys(guardFlags) as readonly GuardName[];

export const isGuardName = (text: string): text is GuardName => Object.hasOwn(guardFlags, text);

const allFlags: readonly string[] = Object.values(overrideFlags);

export const isOverrideFlag = (text: string): text is OverrideFlag => allFlags.includes(text);
