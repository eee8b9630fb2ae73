/** An audit event by its meaning, in whichever record shape it came (docs/service.md, "Audit log"). */
export interface AuditEvent {
  /** Unique within the account. */
  readonly id: string;
  /** Normalised: no `v1.events.` in front, lower case: `ip_restrictions.rule.added`. */
  readonly type: string;
  /** As the log spells it. */
  readonly rawType: string;
  readonly label?: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly actor: {
    readonly id?: string;
    readonly name?: string;
    readonly type?: string;
    readonly ip?: string;
  };
  /** `ui`, `api`, or the log's own word. */
  readonly source?: string;
  readonly service?: string;
  /** `event_context` or `metadata`: its shape is not published. */
  readonly context: unknown;
}
