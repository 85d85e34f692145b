// Everything that Openletter ever says about itself, each thing once: its name, level, sentence, the fields it may
// carry and the counter it feeds. Log lines and metrics derive from this list, and the ledger's audit events use
// the same names. It refuses free text: a field that is not listed here does not compile, and no field may hold a
// name, NHS number, title or content.

type Level = 'debug' | 'info' | 'warn' | 'error'
type Declared = {
  readonly level: Level
  readonly says: string
  readonly fields: readonly string[]
  /** Prometheus counter fed by this event, with the fields that become its labels (few values each). */
  readonly counter?: { readonly name: string; readonly labels: readonly string[] }
}

/** Ids (`document`, `delivery`, `receipt`) are our own UUIDs. `code` is one of errors.ts or an outcome code. */
export const EVENTS = {
  // -- the engine
  engine_started: { level: 'info', says: 'the engine is up', fields: ['parts', 'policy'] },
  engine_stopping: { level: 'info', says: 'the engine is stopping', fields: [] },
  policy_loaded: { level: 'info', says: 'the policy was loaded and the floor proved', fields: ['policy', 'combinations', 'classes', 'ms'] },
  policy_keeps_in: { level: 'warn', says: 'the policy in force keeps in what its own tests expect to go out', fields: ['policy', 'tests'] },
  policy_behind: { level: 'error', says: 'a worker waits: it has not taken the policy in force', fields: ['policy', 'inForce'], counter: { name: 'openletter_policy_behind_total', labels: [] } },
  policy_refused: { level: 'error', says: 'the policy was refused; the one in force stays', fields: ['problems', 'place'], counter: { name: 'openletter_policy_refusals_total', labels: [] } },
  policy_restored: { level: 'info', says: 'the files hold the policy in force again', fields: ['policy'] },
  review_overdue: { level: 'warn', says: 'the review of a sign-off is overdue', fields: ['directorate', 'review_by'] },
  part_failed: { level: 'error', says: 'a part of the engine failed', fields: ['part', 'code', 'detail'], counter: { name: 'openletter_failures_total', labels: ['part', 'code'] } },
  database_started: { level: 'info', says: 'the embedded PostgreSQL is up', fields: ['how', 'ms'] },
  database_lost: { level: 'warn', says: 'a connection to PostgreSQL was lost', fields: ['code'], counter: { name: 'openletter_database_lost_total', labels: [] } },
  migrated: { level: 'info', says: 'the database was migrated', fields: ['from', 'to'] },
  queue_ready: { level: 'info', says: 'the queue is there', fields: ['queue'] },
  queue_error: { level: 'warn', says: 'the queue met an error and goes on', fields: ['code'] },
  log_lost: { level: 'error', says: 'lines of this log could not be written and are lost; it is written again', fields: ['count'], counter: { name: 'openletter_log_lines_lost_total', labels: [] } },
  // -- intake
  feed_listening: { level: 'info', says: 'a feed is listening', fields: ['feed', 'address'] },
  connection_opened: { level: 'debug', says: 'a sender connected', fields: ['feed'] },
  connection_closed: { level: 'debug', says: 'a sender went', fields: ['feed', 'why'] },
  receipt_stored: { level: 'debug', says: 'an upload was stored and decided', fields: ['feed', 'document', 'revision', 'route', 'rule', 'bearing'], counter: { name: 'openletter_receipts_total', labels: ['feed', 'bearing'] } },
  receipt_repeated: { level: 'debug', says: 'an upload came again, unchanged', fields: ['feed', 'document'], counter: { name: 'openletter_repeats_total', labels: ['feed'] } },
  receipt_rejected: { level: 'warn', says: 'a message was refused', fields: ['feed', 'code', 'at'], counter: { name: 'openletter_rejections_total', labels: ['feed', 'code'] } },
  parts_unread: { level: 'info', says: 'a message carried parts that nothing reads', fields: ['feed', 'document', 'at'], counter: { name: 'openletter_unread_parts_total', labels: ['feed'] } },
  control_id_shared: { level: 'warn', says: 'two documents came under one control id', fields: ['feed', 'document'] },
  folder_away: { level: 'warn', says: 'the folder of a feed cannot be read; it is looked for again', fields: ['feed', 'code'] },
  folder_back: { level: 'info', says: 'the folder of a feed is back', fields: ['feed'] },
  file_unreadable: { level: 'warn', says: 'a file in the folder of a feed cannot be read or moved; it stays and is tried again', fields: ['feed', 'code'], counter: { name: 'openletter_unreadable_files_total', labels: ['feed', 'code'] } },
  uploads_inherited: { level: 'info', says: 'uploads that a stopped engine had in hand were taken over', fields: ['feed', 'count'] },
  // -- decide
  decided: { level: 'debug', says: 'a document was decided', fields: ['document', 'revision', 'route', 'rule', 'policy'], counter: { name: 'openletter_decisions_total', labels: ['route', 'rule'] } },
  // -- deliver
  delivery_woken: { level: 'debug', says: 'a worker was woken', fields: ['document', 'destination'] },
  attempt_started: { level: 'debug', says: 'an exchange was started', fields: ['document', 'delivery', 'destination', 'action', 'revision'] },
  attempt_ended: { level: 'debug', says: 'an exchange ended', fields: ['document', 'delivery', 'destination', 'action', 'revision', 'outcome', 'code', 'ms'], counter: { name: 'openletter_attempts_total', labels: ['destination', 'action', 'outcome'] } },
  delivery_failed: { level: 'error', says: 'a destination refused a document, or met an error of its own; it waits for a person', fields: ['document', 'delivery', 'destination', 'code'] },
  delivery_blocked: { level: 'error', says: 'the second key refused a delivery', fields: ['document', 'delivery', 'destination', 'code', 'detail'], counter: { name: 'openletter_blocked_total', labels: ['destination'] } },
  run_changed: { level: 'info', says: 'a retry run stopped by itself, or is done', fields: ['run', 'state', 'why'], counter: { name: 'openletter_retry_runs_total', labels: ['state'] } },
  delivery_retried: { level: 'info', says: 'a person asked for another try', fields: ['document', 'delivery', 'actor'] },
  stop_in_force: { level: 'error', says: 'a person has stopped deliveries to patients', fields: ['stop', 'scope', 'value', 'actor'] },
  stop_lifted: { level: 'info', says: 'a stop was lifted; what it held is due', fields: ['stop', 'scope', 'value'] },
  channel_halted: { level: 'warn', says: 'a person has paused or stopped a channel', fields: ['channel', 'state', 'actor'] },
  channel_started: { level: 'info', says: 'a person has started a channel again', fields: ['channel'] },
  recall_open: { level: 'error', says: 'a recall is not done', fields: ['document', 'delivery', 'destination', 'state', 'secs', 'tries', 'code'] },
  recalled_late: { level: 'error', says: 'a letter was taken back after it was read, or could not be because it was printed', fields: ['document', 'delivery', 'destination', 'why'], counter: { name: 'openletter_recalls_late_total', labels: ['destination'] } },
  account_checked: { level: 'debug', says: 'PKB was asked for accounts', fields: ['account', 'outcome', 'count'], counter: { name: 'openletter_account_checks_total', labels: ['account', 'outcome'] } },
  reads_checked: { level: 'debug', says: 'PKB was asked what was read', fields: ['asked', 'read', 'outcome'], counter: { name: 'openletter_read_checks_total', labels: ['outcome'] } },
  posted_instead: { level: 'info', says: 'the time of a letter at PKB was up: it goes by post, or to a person where it may not be printed', fields: ['document', 'delivery', 'because'], counter: { name: 'openletter_posted_instead_total', labels: ['because'] } },
  circuit_opened: { level: 'warn', says: 'a destination is left alone for a while', fields: ['destination', 'code', 'until'], counter: { name: 'openletter_circuit_opened_total', labels: ['destination'] } },
  circuit_closed: { level: 'info', says: 'a destination is back', fields: ['destination'] },
  destination_forbidden: { level: 'error', says: 'a destination refuses this engine; what is meant for it waits', fields: ['destination', 'code'] },
  swept: { level: 'info', says: 'the sweeper woke deliveries that nobody had woken', fields: ['destination', 'count'], counter: { name: 'openletter_swept_total', labels: ['destination'] } },
  print_acknowledged: { level: 'debug', says: 'the print house acknowledged a batch', fields: ['batch', 'items', 'rejected'] },
  acknowledgement_unreadable: { level: 'warn', says: 'an acknowledgement file cannot be read', fields: ['file', 'detail'] },
  // -- alerts and outcomes
  alert_opened: { level: 'error', says: 'something is wrong that somebody has to be told', fields: ['alert', 'thing', 'times'], counter: { name: 'openletter_alerts_total', labels: ['alert'] } },
  alert_resolved: { level: 'info', says: 'what was wrong is over', fields: ['alert', 'thing'] },
  notified: { level: 'info', says: 'somebody was told of alerts', fields: ['way', 'count'], counter: { name: 'openletter_notifications_total', labels: ['way'] } },
  not_notified: { level: 'error', says: 'nobody could be told of alerts; it is tried again', fields: ['way', 'count', 'code'], counter: { name: 'openletter_notifications_failed_total', labels: ['way', 'code'] } },
  outcomes_made: { level: 'info', says: 'the outcome of a day was worked out for the teams', fields: ['day', 'documents', 'teams'] },
  log_noted: { level: 'info', says: 'the last entry of the log of events and its hash, for audit verify --noted', fields: ['noted'] },
  outcomes_written: { level: 'info', says: 'the outcome of a day was written, a file for each team', fields: ['day', 'teams'] },
  outcome_mailed: { level: 'info', says: 'a team was sent the outcome of a day', fields: ['day', 'team'] },
  // -- pages and API
  signed_in: { level: 'info', says: 'somebody signed in', fields: ['actor', 'how'], counter: { name: 'openletter_sign_ins_total', labels: ['how'] } },
  provider_away: { level: 'warn', says: 'the identity provider does not answer as it should', fields: ['code'], counter: { name: 'openletter_provider_away_total', labels: [] } },
  sign_in_refused: { level: 'warn', says: 'a sign-in was refused', fields: ['why'], counter: { name: 'openletter_sign_ins_refused_total', labels: ['why'] } },
  request_failed: { level: 'error', says: 'a request failed in the engine', fields: ['method', 'path', 'code'] },
} as const satisfies Record<string, Declared>

export type EventName = keyof typeof EVENTS
export type EventFields<N extends EventName> = { readonly [F in (typeof EVENTS)[N]['fields'][number]]?: string | number | boolean }

/** How any edge says something: passed in by `wire.ts`, never imported as a global. */
export type Say = <N extends EventName>(event: N, fields: EventFields<N>) => void

/** What happened to a document, in the ledger's append-only, hash-chained event log. */
export const AUDIT_KINDS = [
  'received', 'late', 'decided', 'moved', 'tombstone', 'superseded', 'control-id-reused', 'control-id-shared',
  'delivery-owed', 'recall-owed', 'attempt-started', 'attempt-ended', 'account-checked', 'blocked', 'retried', 'run', 'held', 'hold-lifted',
  'released', 'redecided', 'left-standing', 'read', 'posted-instead', 'print-acknowledged', 'print-rejected', 'alert-taken', 'rejected', 'policy-loaded', 'policy-asked', 'channel-paused', 'channel-stopped', 'channel-started', 'stop', 'stop-lifted', 'signed-in', 'sign-in-refused', 'signed-out', 'staff-changed', 'looked', 'token-made', 'token-revoked',
] as const
export type AuditKind = (typeof AUDIT_KINDS)[number]
