/** What the compiler accepts and refuses. The assertions are checked by `tsc`; here they also run. */
import type {
  ColumnType,
  ControlledTransaction,
  DeleteResult,
  Generated,
  Kysely,
  Selectable,
  Transaction,
  UpdateResult,
} from 'kysely'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { firstOr404, getOr404, type Key, softDelete, type TablesWith } from '../src/index.js'
import { type Database, deleteFrom, dialects, useDatabase } from './dialects.js'

type Post = Database['post']

/** As kysely-codegen writes tables. */
interface Generic {
  order: {
    id: Generated<number>
    sold_at: ColumnType<Date, string, never>
    note: string | null
    status: Generated<number>
  }
  /** Without the column. */
  bill: { id: number }
}

for (const dialect of dialects) {
  describe(`types on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('getOr404 infers the row of a Kysely, of transactions and of with', async () => {
      expectTypeOf(await getOr404(use.db, 'post', { id: 1 })).toEqualTypeOf<Post>()
      expectTypeOf(await getOr404(use.db.withSchema('blog'), 'post', { id: 1 })).toEqualTypeOf<Post>()
      await use.db.transaction().execute(async (trx) => {
        expectTypeOf(trx).toEqualTypeOf<Transaction<Database>>()
        expectTypeOf(await getOr404(trx, 'author', { id: 1 })).toEqualTypeOf<Database['author']>()
      })
      const trx = await use.db.startTransaction().execute()
      expectTypeOf(trx).toEqualTypeOf<ControlledTransaction<Database>>()
      expectTypeOf(await getOr404(trx, 'comment', { id: 1 })).toEqualTypeOf<Database['comment']>()
      await trx.commit().execute()
      const creator = use.db.with('busy', (db) => db.selectFrom('post').select(['post.id', 'post.views']))
      expectTypeOf(await getOr404(creator, 'busy', { id: 1 })).toEqualTypeOf<{ id: number; views: number }>()
      expectTypeOf(await getOr404(creator, 'post', { id: 1 })).toEqualTypeOf<Post>()
    })

    test('getOr404 answers and takes what a select would', () => {
      const find = (db: Kysely<Generic>) => getOr404(db, 'order', { id: 1, sold_at: new Date() })
      expectTypeOf(find).returns.resolves.toEqualTypeOf<Selectable<Generic['order']>>()
      expectTypeOf<Key<Generic['order']>>().toEqualTypeOf<{
        readonly id?: number
        readonly sold_at?: Date
        readonly note?: string
        readonly status?: number
      }>()
    })

    test('getOr404 refuses a misspelt table and column, wrong values and null', async () => {
      const { db } = use
      const refused = (found: Promise<unknown>) => expect(found).rejects.toThrow()
      // @ts-expect-error misspelt table
      await refused(getOr404(db, 'pots', { id: 1 }))
      // @ts-expect-error an alias is no table
      await refused(getOr404(db, 'post as p', { id: 1 }))
      // @ts-expect-error misspelt column
      await refused(getOr404(db, 'post', { ids: 1 }))
      // @ts-expect-error a column of another table
      await refused(getOr404(db, 'post', { body: 'a' }))
      // @ts-expect-error a string for a number
      await refused(getOr404(db, 'post', { id: '99' }))
      // @ts-expect-error null, even where the column may be null
      await refused(getOr404(db, 'post', { author_id: null }))
      // @ts-expect-error undefined
      await refused(getOr404(db, 'post', { id: undefined }))
      // @ts-expect-error a value alone
      await refused(getOr404(db, 'post', 1))
    })

    test('firstOr404 keeps the row of any builder, without undefined', async () => {
      const { db } = use
      const select = db.selectFrom('post').select(['id', 'author_id']).orderBy('id')
      expectTypeOf(await firstOr404(select)).toEqualTypeOf<{ id: number; author_id: number | null }>()
      const update = db.updateTable('post').set({ views: 0 }).where('id', '=', 1)
      expectTypeOf(await firstOr404(update)).toEqualTypeOf<UpdateResult>()
      expectTypeOf(await firstOr404(update.returning('id'))).toEqualTypeOf<{ id: number }>()
      const destroy = db.deleteFrom('tag').where('id', '=', 1)
      expectTypeOf(await firstOr404(destroy)).toEqualTypeOf<DeleteResult>()
      // @ts-expect-error no builder
      await expect(firstOr404(select.execute())).rejects.toThrow(TypeError)
    })

    test('deleteFrom is an update of its table', async () => {
      const { db } = use
      const query = deleteFrom(db, 'post').where('post.id', '=', 1)
      expectTypeOf(await query.executeTakeFirstOrThrow()).toEqualTypeOf<UpdateResult>()
      expectTypeOf(await query.returning(['id', 'title']).execute()).toEqualTypeOf<{ id: number; title: string }[]>()
      await db.transaction().execute(async (trx) => {
        await deleteFrom(trx, 'post').where('id', '=', 1).execute()
      })
      const creator = db.with('busy', (busy) => busy.selectFrom('tag').select('tag.post_id'))
      await deleteFrom(creator, 'post')
        .where('id', 'in', (eb) => eb.selectFrom('busy').select('busy.post_id'))
        .execute()
      // @ts-expect-error misspelt column
      await expect(deleteFrom(db, 'post').where('ids', '=', 1).execute()).rejects.toThrow()
    })

    test('deleteFrom refuses a table that is not listed, not there or without the column', () => {
      const { db } = use
      // @ts-expect-error not listed
      expect(() => deleteFrom(db, 'tag')).toThrow(TypeError)
      // @ts-expect-error misspelt
      expect(() => deleteFrom(db, 'pots')).toThrow(TypeError)
      // @ts-expect-error not of this database
      deleteFrom(db as unknown as Kysely<Generic>, 'post')
      const bills = softDelete({ tables: ['order', 'bill'] })
      bills.deleteFrom(db as unknown as Kysely<Generic>, 'order')
      // @ts-expect-error without the column
      bills.deleteFrom(db as unknown as Kysely<Generic>, 'bill')
      expectTypeOf<TablesWith<Generic, 'status'>>().toEqualTypeOf<'order'>()
    })

    test('softDelete refuses options that are unknown or wrong', () => {
      // @ts-expect-error unknown
      expect(() => softDelete({ tables: ['post'], colum: 'status' })).toThrow(TypeError)
      // @ts-expect-error not a list
      expect(() => softDelete({ tables: 'post' })).toThrow(TypeError)
      // @ts-expect-error no value of a column
      expect(() => softDelete({ tables: ['post'], live: new Date() })).toThrow(TypeError)
      // @ts-expect-error without tables
      expect(() => softDelete({})).toThrow(TypeError)
    })
  })
}
