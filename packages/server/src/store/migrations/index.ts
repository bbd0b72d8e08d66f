import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../column-types.js'
import { usersSessionsKeys } from './0001-users-sessions-keys.js'
import { revocationsAudit } from './0002-revocations-audit.js'
import { limits } from './0003-limits.js'
import { audit } from './0004-audit.js'
import { webhooks } from './0005-webhooks.js'

export interface Migration {
  /** Number and name; never changed once released. */
  readonly name: string
  /** Programs that do not know it cannot run on the database any more. Migrations only add, so this is rare. */
  readonly breaking?: boolean
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>
}

/** All migrations, in the order in which they are applied. */
export const migrations: readonly Migration[] = [
  { name: '0001-users-sessions-keys', up: usersSessionsKeys },
  { name: '0002-revocations-audit', up: revocationsAudit },
  { name: '0003-limits', up: limits },
  { name: '0004-audit', up: audit },
  { name: '0005-webhooks', up: webhooks },
]
