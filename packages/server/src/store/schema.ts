import type { Generated, Insertable, Selectable } from 'kysely'

/**
 * The rows of the store. Moments are whole seconds since the epoch, `*_at`, `*_until` and `*_exp` alike; binary values are
 * Buffers. `status` is 1 for a live row and 0 for a soft-deleted one.
 */
export interface LatchkeyDatabase {
  users: UsersTable
  identities: IdentitiesTable
  sessions: SessionsTable
  signing_keys: SigningKeysTable
  revocations: RevocationsTable
  audit_events: AuditEventsTable
  attempts: AttemptsTable
  known_prefixes: KnownPrefixesTable
  audit_seals: AuditSealsTable
  webhook_deliveries: WebhookDeliveriesTable
  meta: MetaTable
}

export interface UsersTable {
  uid: Generated<number>
  nickname: string
  role: string
  status: Generated<number>
  /** One more with every change of role, status, secret or second factor: a login that began before is void. */
  epoch: Generated<number>
  /** Not a status: a disabled user keeps the address, a deleted one frees it. */
  disabled_at: number | null
  created_at: number
}

/** One way of logging in: a client type with its account, and the hash of its secret where there is one. */
export interface IdentitiesTable {
  id: Generated<number>
  uid: number
  client_type: number
  account: string
  secret_hash: string | null
  /** Kind and cost of `secret_hash`, indexed: which forms are stored can be asked at any size of the table. */
  secret_form: string | null
  status: Generated<number>
  created_at: number
}

export type SessionKind = 'login' | 'key'

export interface SessionsTable {
  sid: string
  uid: number
  kind: SessionKind
  client_type: number
  gen: number
  /** Access tokens of a generation below this are refused. */
  min_gen: number
  /** One more with every write to the row. */
  rev: number
  tag_key: Buffer | null
  cur_hash: Buffer | null
  prev_hash: Buffer | null
  answer: Buffer | null
  answer_until: number | null
  /** Scopes and audiences asked for at login, separated by spaces; null: none asked, so all. */
  scope_limit: string | null
  audience_limit: string | null
  created_at: number
  idle_until: number
  absolute_until: number
  /** The greatest `exp` ever signed for this session. */
  access_exp: number
  ended_at: number | null
  end_reason: string | null
  device: string | null
  /** Of the login, and then of each refresh. */
  address_prefix: string | null
  last_refresh_at: number | null
  /** SHA-256 of the user agent of the last refresh. */
  agent_hash: Buffer | null
  /** How many answers were repeated to somebody who looks unlike who got it, one after the other. */
  strange_repeats: number | null
}

/** `s`: tokens of session `id` with a generation below `min`; `k`: tokens signed by key `id`; `u`: legacy tokens of a user. */
export type RevocationKind = 's' | 'k' | 'u'

/** One row of the feed. On PostgreSQL it also has `xid`, the transaction that wrote it. */
export interface RevocationsTable {
  position: Generated<number>
  kind: RevocationKind
  id: string
  min: number
  /** When every token that it concerns has expired by itself. */
  expires_at: number
}

export interface AuditEventsTable {
  id: Generated<number>
  at: number
  event: string
  outcome: string
  uid: number | null
  sid: string | null
  address_prefix: string | null
  detail: string | null
  /** Who did it; null in rows of before there was the column. */
  actor: ActorKind | null
  actor_uid: number | null
  client_type: number | null
  /** Of the account that a refused login named; never the account itself. */
  account_hash: string | null
  request_id: string | null
  /** The number of the seal that it stands under; null: it has none yet. */
  seal: number | null
}

/** `nobody`: somebody who has not proved who it is. */
export type ActorKind = 'user' | 'operator' | 'nobody'

/** One link of the chain over the audit log. */
export interface AuditSealsTable {
  number: number
  /** The latest `at` of its rows. */
  newest_at: number
  /** The numbers of its rows, and what each of them was. */
  contents: Buffer
  /** Over all of it, and the mac of the seal before. */
  mac: string
}

/** A message that is owed to an endpoint; the row goes when it was delivered. */
export interface WebhookDeliveriesTable {
  /** The `webhook-id` of each try. */
  id: string
  /** Which endpoint: a hash of its URL, which may hold what is nobody's business. */
  endpoint: string
  /** What is sent, as it is signed. */
  body: string
  owed_at: number
  /** Tries that failed. */
  attempts: number
  /** When it is tried next; null: it was given up. */
  next_at: number | null
}

/** Tries of one time that began with the first of them. */
export interface AttemptsTable {
  key: string
  failed: number
  running: number
  ends_at: number
  /** Tries that run are forgotten then. */
  running_ends_at: number
}

/** From where a user has logged in. */
export interface KnownPrefixesTable {
  uid: number
  address_prefix: string
  seen_at: number
}

export interface SigningKeysTable {
  kid: string
  alg: string
  /** The public JWK as JSON; null for a symmetric key. */
  public: string | null
  /** The private JWK, sealed. */
  private: Buffer
  published_at: number
  /** Null: published, has not signed yet. */
  sign_from: number | null
  sign_until: number | null
  verify_until: number | null
}

export interface MetaTable {
  name: string
  value: string
}

export type UserRow = Selectable<UsersTable>
export type IdentityRow = Selectable<IdentitiesTable>
export type SessionRow = Selectable<SessionsTable>
export type NewSession = Insertable<SessionsTable>
export type AuditEventRow = Selectable<AuditEventsTable>
export type AuditSealRow = Selectable<AuditSealsTable>
export type WebhookDeliveryRow = Selectable<WebhookDeliveriesTable>
export type NewRevocation = Insertable<RevocationsTable>
export type SigningKeyRow = Selectable<SigningKeysTable>
