import { softDelete } from '@latchkey/query'

/** Reads of users and identities see live rows only; every query of the store goes through this plugin. */
export const { plugin: softDeletePlugin, deleteFrom } = softDelete({
  tables: ['users', 'identities'],
  column: 'status',
  live: 1,
  deleted: 0,
})
