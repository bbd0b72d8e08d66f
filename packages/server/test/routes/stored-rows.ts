import type { Store } from '../../src/store/store.js'

/** What the server writes by itself, whatever is asked of it. */
const ownWork = ['audit_seals', 'meta']

/** All rows of all tables, by table: two readings are equal when nothing was written between them. */
export async function readRows({ db }: Store): Promise<Readonly<Record<string, readonly object[]>>> {
  const tables = (await db.introspection.getTables()).map(({ name }) => name).filter((name) => !ownWork.includes(name))
  const read = async (name: string) => {
    const rows = await db
      .selectFrom(name as 'audit_events')
      .selectAll()
      .execute()
    // When an event is sealed is the server's own work as well.
    return [name, rows.map((row) => ({ ...row, seal: undefined }))] as const
  }
  return Object.fromEntries(await Promise.all(tables.map(read)))
}
