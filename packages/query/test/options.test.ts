import { CamelCasePlugin, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type SoftDeleteOptions, softDelete } from '../src/index.js'
import { type Databases, dialects, ids, run, useDatabase } from './dialects.js'

describe('options of softDelete', () => {
  const refused = (options: unknown, message: string | RegExp) =>
    expect(() => softDelete(options as SoftDeleteOptions)).toThrow(
      typeof message === 'string' ? new TypeError(message) : message,
    )

  test('that are unknown throw TypeError', () => {
    refused(
      { tables: ['post'], colum: 'status' },
      'softDelete has no option "colum"; it has tables, column, live, deleted',
    )
    refused({ tables: ['post'], table: 'post' }, /no option "table"/)
  })

  test('without a list of names throw TypeError', () => {
    for (const tables of [undefined, null, [], 'post', {}, [''], [7], ['post', undefined], new Set(['post'])]) {
      refused({ tables }, 'softDelete: tables must be a list of one or more table names')
    }
    for (const options of [undefined, null, 'post']) {
      expect(() => softDelete(options as unknown as SoftDeleteOptions)).toThrow(TypeError)
    }
  })

  test('with a wrong column throw TypeError', () => {
    for (const column of ['', null, 7, ['status']]) {
      refused({ tables: ['post'], column }, 'softDelete: column must be the name of a column')
    }
  })

  test('with a wrong value throw TypeError', () => {
    const message = 'softDelete: live and deleted must each be a string, a finite number, a bigint, a boolean or null'
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, {}, [], new Date(), () => 1, Symbol('live')]) {
      refused({ tables: ['post'], live: value }, message)
      refused({ tables: ['post'], deleted: value }, message)
    }
  })

  test('whose values are the same throw TypeError', () => {
    refused({ tables: ['post'], live: 0 }, 'softDelete: live and deleted must differ')
    refused({ tables: ['post'], live: 'a', deleted: 'a' }, 'softDelete: live and deleted must differ')
  })

  test('that are undefined are the defaults', () => {
    const options = { tables: ['post'], column: undefined, live: undefined, deleted: undefined }
    expect(() => softDelete(options as unknown as SoftDeleteOptions)).not.toThrow()
  })

  test('make something that cannot be changed', () => {
    const made = softDelete({ tables: ['post'] })
    expect(Object.isFrozen(made)).toBe(true)
    expect(Object.keys(made)).toEqual(['plugin', 'deleteFrom'])
  })
})

type Other = {
  item: { id: number; state: unknown }
}

/** What the tests of a column and its values have in common: item 1 is live, and item 2 deleted. */
async function withItems(
  { bare }: Databases,
  column: string,
  rows: string,
  body: (db: ReturnType<typeof bare.withTables<Other>>) => Promise<void>,
): Promise<void> {
  await run(bare, `create table item (id integer primary key, ${column})`)
  try {
    await run(bare, `insert into item values ${rows}`)
    await body(bare.withTables<Other>())
  } finally {
    await run(bare, 'drop table item')
  }
}

for (const dialect of dialects) {
  describe(`options on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('are copied: what the caller changes later changes nothing', async () => {
      const tables = ['post']
      const options: { tables: string[]; column: string; live: number } = { tables, column: 'status', live: 1 }
      const { plugin, deleteFrom } = softDelete(options)
      tables.pop()
      tables.push('tag')
      Object.assign(options, { tables: ['tag'], column: 'views', live: 0 })
      const db = use.bare.withPlugin(plugin)
      expect(ids(await db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4])
      expect(ids(await db.selectFrom('tag').select('id').execute())).toEqual([1, 2, 3])
      expect(() => deleteFrom(db, 'tag' as never)).toThrow(TypeError)
    })

    test('of two plugins hold for the tables of each', async () => {
      const posts = softDelete({ tables: ['post'] })
      const tags = softDelete({ tables: ['tag'], live: 0, deleted: 1 })
      const db = use.bare.withPlugin(posts.plugin).withPlugin(tags.plugin)
      expect(ids(await db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4])
      expect(ids(await db.selectFrom('tag').select('id').execute())).toEqual([2, 3])
      expect(await tags.deleteFrom(db, 'tag').where('id', '=', 2).returning('status').execute()).toEqual([
        { status: 1 },
      ])
    })

    test('may name a column where live is null', async () => {
      const column = dialect.name === 'SQLite' ? 'state text' : 'state timestamptz'
      await withItems(use, column, "(1, null), (2, '2020-01-01')", async (bare) => {
        const { plugin, deleteFrom } = softDelete({
          tables: ['item'],
          column: 'state',
          live: null,
          deleted: '2021-02-03',
        })
        const db = bare.withPlugin(plugin)
        const items = db.selectFrom('item').select('id')
        expect(ids(await items.execute())).toEqual([1])
        expect(items.compile().sql).toMatch(/ where "item"."state" is null$/)
        expect(ids(await items.where('state', 'is not', null).execute())).toEqual([2])
        expect(
          ids(await db.selectFrom('tag').leftJoin('item', 'item.id', 'tag.id').select('item.id').execute()),
        ).toEqual([1, null, null])
        expect((await deleteFrom(db, 'item').executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n)
        expect(await items.execute()).toEqual([])
      })
    })

    test('may give booleans', async () => {
      await withItems(use, 'state boolean', '(1, true), (2, false)', async (bare) => {
        const { plugin, deleteFrom } = softDelete({ tables: ['item'], column: 'state', live: true, deleted: false })
        const db = bare.withPlugin(plugin)
        expect(ids(await db.selectFrom('item').select('id').execute())).toEqual([1])
        expect((await deleteFrom(db, 'item').executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n)
        expect(await db.selectFrom('item').select('id').execute()).toEqual([])
        const deleted = db.selectFrom('item').select('id').where('state', '=', sql.lit(false))
        expect(ids(await deleted.execute())).toEqual([1, 2])
      })
    })

    test('may give strings, whatever is in them', async () => {
      await withItems(use, 'state text', "(1, 'it''s'), (2, 'gone')", async (bare) => {
        const { plugin, deleteFrom } = softDelete({
          tables: ['item'],
          column: 'state',
          live: "it's",
          deleted: "'gone'",
        })
        const db = bare.withPlugin(plugin)
        expect(ids(await db.selectFrom('item').select('id').execute())).toEqual([1])
        expect(await deleteFrom(db, 'item').returning(['id', 'state']).execute()).toEqual([{ id: 1, state: "'gone'" }])
        expect(await db.selectFrom('item').select('id').execute()).toEqual([])
      })
    })

    test('may give bigints and fractions', async () => {
      await withItems(use, 'state numeric', '(1, 9007199254740993), (2, 0.5)', async (bare) => {
        const big = softDelete({ tables: ['item'], column: 'state', live: 9007199254740993n, deleted: 0.5 })
        const db = bare.withPlugin(big.plugin)
        expect(ids(await db.selectFrom('item').select('id').execute())).toEqual([1])
        await big.deleteFrom(db, 'item').execute()
        expect(await db.selectFrom('item').select('id').execute()).toEqual([])
        const half = softDelete({ tables: ['item'], column: 'state', live: 0.5, deleted: -1 })
        expect(ids(await bare.withPlugin(half.plugin).selectFrom('item').select('id').execute())).toEqual([1, 2])
      })
    })

    test('name tables and columns as queries write them, before CamelCasePlugin', async () => {
      await run(use.bare, 'create table user_post (id integer primary key, deleted_at text)')
      try {
        await run(use.bare, "insert into user_post values (1, null), (2, '2020-01-01'), (3, null)")
        const { plugin, deleteFrom } = softDelete({
          tables: ['userPost'],
          column: 'deletedAt',
          live: null,
          deleted: 'now',
        })
        const db = use.bare
          .withTables<{ userPost: { id: number; deletedAt: string | null } }>()
          .withPlugin(plugin)
          .withPlugin(new CamelCasePlugin())
        expect(ids(await db.selectFrom('userPost').select('id').execute())).toEqual([1, 3])
        expect(
          ids(await db.selectFrom('userPost').select('id').where('deletedAt', '=', '2020-01-01').execute()),
        ).toEqual([2])
        await deleteFrom(db, 'userPost').where('id', '=', 1).execute()
        expect(await db.selectFrom('userPost').selectAll().execute()).toEqual([{ id: 3, deletedAt: null }])
        await expect(db.deleteFrom('userPost').execute()).rejects.toMatchObject({ table: 'userPost' })
      } finally {
        await run(use.bare, 'drop table user_post')
      }
    })
  })
}
