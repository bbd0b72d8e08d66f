import { type Kysely, type KyselyPlugin, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { getOr404, type Key, NotFound } from '../src/index.js'
import { type Database, deleteFrom, dialects, useDatabase } from './dialects.js'

/** A plugin that notes each query on its way to the database. */
function noting(): { readonly plugin: KyselyPlugin; readonly kinds: string[] } {
  const kinds: string[] = []
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      kinds.push(node.kind)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return { plugin, kinds }
}

for (const dialect of dialects) {
  describe(`getOr404 on ${dialect.name}`, () => {
    const use = useDatabase(dialect)
    const one = { id: 1, author_id: 1, title: 'one', views: 10, status: 1 }

    test('answers the row with all its columns', async () => {
      expect(await getOr404(use.db, 'post', { id: 1 })).toEqual(one)
      expect(await getOr404(use.db, 'tag', { name: 'y' })).toEqual({ id: 2, post_id: 2, name: 'y', status: 0 })
    })

    test('finds by several columns, all of which must match', async () => {
      expect(await getOr404(use.db, 'post', { author_id: 1, title: 'one' })).toEqual(one)
      await expect(getOr404(use.db, 'post', { author_id: 3, title: 'one' })).rejects.toThrow(NotFound)
    })

    test('throws NotFound when there is no row', async () => {
      await expect(getOr404(use.db, 'post', { id: 99 })).rejects.toThrow(NotFound)
    })

    test('throws NotFound for a deleted row', async () => {
      await expect(getOr404(use.db, 'post', { id: 2 })).rejects.toThrow(NotFound)
      await deleteFrom(use.db, 'post').where('id', '=', 1).execute()
      await expect(getOr404(use.db, 'post', { id: 1 })).rejects.toThrow(NotFound)
    })

    test('finds a deleted row by a key that names the status column', async () => {
      expect((await getOr404(use.db, 'post', { id: 2, status: 0 })).title).toBe('two')
      await expect(getOr404(use.db, 'post', { id: 1, status: 0 })).rejects.toThrow(NotFound)
    })

    test('finds deleted rows of a Kysely without the plugin', async () => {
      expect((await getOr404(use.bare, 'post', { id: 2 })).title).toBe('two')
    })

    test('finds falsy values', async () => {
      await use.bare.insertInto('tag').values({ id: 0, post_id: 0, name: '', status: 0 }).execute()
      expect((await getOr404(use.db, 'tag', { id: 0 })).name).toBe('')
      expect((await getOr404(use.db, 'tag', { name: '' })).id).toBe(0)
    })

    test('finds in a schema, given with the table or by withSchema', async () => {
      const { db } = use
      expect((await getOr404(db, 'blog.post', { id: 1 })).title).toBe('blog one')
      expect((await getOr404(db.withSchema('blog'), 'post', { id: 1 })).title).toBe('blog one')
      await expect(getOr404(db, 'blog.post', { id: 2 })).rejects.toThrow(NotFound)
      await expect(getOr404(db.withSchema('blog'), 'post', { id: 2 })).rejects.toThrow(NotFound)
      expect((await getOr404(db.withSchema('blog'), 'post', { id: 2, status: 0 })).title).toBe('blog two')
    })

    test('finds in a common table expression', async () => {
      const creator = use.db.with('busy', (db) => db.selectFrom('post').selectAll().where('views', '>', 15))
      expect((await getOr404(creator, 'busy', { id: 3 })).title).toBe('three')
      await expect(getOr404(creator, 'busy', { id: 1 })).rejects.toThrow(NotFound)
    })

    test('throws TypeError for a key that identifies nothing, and sends no query', async () => {
      const noted = noting()
      const db: Kysely<Database> = use.db.withPlugin(noted.plugin)
      const refused = (key: unknown, message: string) =>
        expect(getOr404(db, 'post', key as Key<Database['post']>)).rejects.toThrow(
          new TypeError(`getOr404(db, 'post', key): ${message}`),
        )
      await refused({}, 'key must name at least one column')
      await refused({ id: undefined }, 'key.id must be a value, not undefined')
      await refused({ id: null }, 'key.id must be a value, not null')
      await refused({ id: 1, title: undefined }, 'key.title must be a value, not undefined')
      for (const key of [undefined, null, 1, '1', [], [1]]) {
        await refused(key, 'key must be an object of columns and values, such as { id: 7 }')
      }
      expect(noted.kinds).toEqual([])
      await getOr404(db, 'post', { id: 1 })
      expect(noted.kinds).toContain('SelectQueryNode')
    })

    test('sends values as parameters, whatever they look like', async () => {
      for (const title of ["one' or '1' = '1", "'; drop table post; --", '1 or 1=1', '%', '\\', '"title"']) {
        await expect(getOr404(use.db, 'post', { title })).rejects.toThrow(NotFound)
      }
      await use.bare.updateTable('post').set({ title: "'; drop table post; --" }).where('id', '=', 3).execute()
      expect((await getOr404(use.db, 'post', { title: "'; drop table post; --" })).id).toBe(3)
    })

    test('takes no expression or function for SQL', async () => {
      for (const title of [sql`title`, () => sql`title`]) {
        const found = getOr404(use.db, 'post', { title } as unknown as Key<Database['post']>)
        await expect(found).rejects.toThrow()
      }
    })

    test('takes the name of a column for a name only', async () => {
      const key = { 'id" = 1 or "title': 5 } as unknown as Key<Database['post']>
      await expect(getOr404(use.db, 'post', key)).rejects.toThrow(/column/)
    })

    test('sees what its transaction has done', async () => {
      await use.db.transaction().execute(async (trx) => {
        await deleteFrom(trx, 'post').where('id', '=', 1).execute()
        await expect(getOr404(trx, 'post', { id: 1 })).rejects.toThrow(NotFound)
        await trx.updateTable('post').set({ title: 'changed' }).where('id', '=', 3).execute()
        expect((await getOr404(trx, 'post', { id: 3 })).title).toBe('changed')
      })
      await expect(getOr404(use.db, 'post', { id: 1 })).rejects.toThrow(NotFound)
    })

    test('undoes a transaction that does not catch its NotFound', async () => {
      const transaction = use.db.transaction().execute(async (trx) => {
        await deleteFrom(trx, 'post').where('id', '=', 1).execute()
        await getOr404(trx, 'post', { id: 1 })
      })
      await expect(transaction).rejects.toThrow(NotFound)
      expect(await getOr404(use.db, 'post', { id: 1 })).toEqual(one)
    })

    test('works in a controlled transaction', async () => {
      const trx = await use.db.startTransaction().execute()
      try {
        await deleteFrom(trx, 'post').where('id', '=', 1).execute()
        await expect(getOr404(trx, 'post', { id: 1 })).rejects.toThrow(NotFound)
        expect((await getOr404(trx, 'post', { id: 3 })).title).toBe('three')
      } finally {
        await trx.rollback().execute()
      }
      expect(await getOr404(use.db, 'post', { id: 1 })).toEqual(one)
    })
  })
}
