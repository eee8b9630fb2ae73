/**
 * Faults: what the emulator is told to do wrong, to which requests, and how often. They strike between the
 * request and its answer; `when` says whether the request took effect first.
 */

export interface FaultMatch {
  /** Absent: any. */
  readonly method?: string;
  /** Of the path without the query; `*` stands for any characters. Absent: any. */
  readonly path?: string;
  /** Text that the request's body must hold. */
  readonly bodyHas?: string;
  /** Strikes from the nth matching request on, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many requests it strikes; 0: every one from the nth on. Default 1. */
  readonly times?: number;
}

export type FaultMoment = "before" | "after";

export type FaultAction =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text is sent as it is, anything else as JSON; absent: an error envelope. */
      readonly body?: unknown;
      /** An HTML page in place of the envelope. */
      readonly html?: boolean;
      /** Seconds for `Retry-After`, as a number or (`retryAfterForm: "date"`) as an HTTP date. */
      readonly retryAfter?: number;
      readonly retryAfterForm?: "seconds" | "date" | "x-header";
      readonly when?: FaultMoment;
    }
  | { readonly kind: "reset"; readonly when?: FaultMoment }
  /** No answer; the connection stays open for `ms`, or until the client gives up. */
  | { readonly kind: "hang"; readonly when?: FaultMoment; readonly ms?: number }
  /** The answer breaks off after `bytes` (default: half of it). */
  | { readonly kind: "truncate"; readonly bytes?: number }
  /** Took effect, answered 200 with this JSON. */
  | { readonly kind: "wrong-body"; readonly body: unknown }
  /** Took effect, answered 200 with an HTML page. */
  | { readonly kind: "not-json" }
  /** A 2xx that leaves out a range (default: the first that is sent without an id); `silently`: and does not say so. */
  | { readonly kind: "partial"; readonly cidr?: string; readonly silently?: boolean }
  /** The listing leaves out all rules but those whose name begins with `except` (absent: all), in its count too. */
  | { readonly kind: "hide-rules"; readonly except?: string }
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  | { readonly kind: "latency"; readonly ms: number }
  /** The audit events of the request come late, or (null) never. */
  | { readonly kind: "audit-lag"; readonly ms: number | null }
  /** The answer's `Date` header is off. */
  | { readonly kind: "date-skew"; readonly ms: number }
  /** Foreign events enter the audit log just before the answer is made: pages shift. */
  | { readonly kind: "events"; readonly count: number; readonly type?: string };

export type Fault = FaultMatch & FaultAction;

export interface FaultRecord {
  readonly id: number;
  readonly fault: Fault;
  /** Requests that matched, and those of them that it struck. */
  readonly matched: number;
  readonly struck: number;
}

export interface FaultList {
  add(fault: Fault): number;
  list(): readonly FaultRecord[];
  remove(id: number): boolean;
  clear(): void;
  /** The faults that strike this request; counts it. */
  take(request: { readonly method: string; readonly path: string; readonly body: string }): readonly Fault[];
}

const pathPattern = (glob: string): RegExp =>
  new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

const matches = (fault: Fault, request: { method: string; path: string; body: string }): boolean =>
  (fault.method === undefined || fault.method.toUpperCase() === request.method) &&
  (fault.path === undefined || pathPattern(fault.path).test(request.path)) &&
  (fault.bodyHas === undefined || request.body.includes(fault.bodyHas));

export const createFaults = (): FaultList => {
  let records: FaultRecord[] = [];
  let nextId = 1;
  return {
    add: (fault) => {
      const id = nextId;
      nextId += 1;
      records.push({ id, fault, matched: 0, struck: 0 });
      return id;
    },
    list: () => records,
    remove: (id) => {
      const before = records.length;
      records = records.filter((record) => record.id !== id);
      return records.length < before;
    },
    clear: () => {
      records = [];
    },
    take: (request) => {
      const struck: Fault[] = [];
      records = records.map((record) => {
        const { fault } = record;
        if (!matches(fault, request)) return record;
        const matched = record.matched + 1;
        const { nth = 1, times = 1 } = fault;
        if (matched < nth || (times > 0 && record.struck >= times)) return { ...record, matched };
        struck.push(fault);
        return { ...record, matched, struck: record.struck + 1 };
      });
      return struck;
    },
  };
};
