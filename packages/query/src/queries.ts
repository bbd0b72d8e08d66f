import type { ControlledTransaction, Kysely, QueryCreator, Transaction } from 'kysely'

/**
 * Whatever starts queries: a Kysely, a transaction, what `db.with(...)` answers. Each is named, since TypeScript infers `DB` from
 * a class that it meets by name, and from no class that extends it.
 */
export type Queries<DB> = Kysely<DB> | Transaction<DB> | ControlledTransaction<DB> | QueryCreator<DB>
