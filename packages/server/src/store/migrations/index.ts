import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../column-types.js'
import { usersSessionsKeys } from './0001-users-sessions-keys.js'

export interface Migration {
  readonly name: string
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>
}

/** Every migration in order. One that was released never changes, and none takes anything away that the version before it reads. */
export const migrations: readonly Migration[] = [{ name: '0001-users-sessions-keys', up: usersSessionsKeys }]
