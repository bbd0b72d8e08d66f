import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { dialects, ids, useDatabase } from './dialects.js'

for (const dialect of dialects) {
  describe(`a table left alone on ${dialect.name}`, () => {
    const use = useDatabase(dialect)
    const posts = () => use.db.selectFrom('post').select('post.id')

    test('because WHERE names its column', async () => {
      expect(ids(await posts().where('post.status', '=', 0).execute())).toEqual([2, 5])
      expect(ids(await posts().where('post.status', 'in', [0, 1]).execute())).toEqual([1, 2, 3, 4, 5])
      expect(
        ids(
          await posts()
            .where((eb) => eb.not(eb('post.status', '=', 1)))
            .execute(),
        ),
      ).toEqual([2, 5])
      expect(
        ids(
          await posts()
            .where(({ eb, and, or }) => or([and([eb('post.status', '=', 0)])]))
            .execute(),
        ),
      ).toEqual([2, 5])
    })

    test('because WHERE names the column without a table, and no other listed table stands there', async () => {
      expect(ids(await posts().where('status', '=', 0).execute())).toEqual([2, 5])
      const joined = posts().innerJoin('tag as t', 't.post_id', 'post.id')
      expect(joined.where('status', '=', 0).compile().sql).not.toContain('"post"."status"')
    })

    test('but not for a name without a table that two listed tables could mean', () => {
      const query = posts().innerJoin('author', 'author.id', 'post.author_id').where('status', '=', 0)
      expect(query.compile().sql).toContain(
        '"status" = ? and "post"."status" = 1 and "author"."status" = 1'.replace(
          '?',
          dialect.name === 'SQLite' ? '?' : '$1',
        ),
      )
    })

    test('because WHERE names the column of its alias', async () => {
      const query = use.db.selectFrom('post as p').select('p.id')
      expect(ids(await query.where('p.status', '=', 0).execute())).toEqual([2, 5])
      expect(ids(await query.where('status', '=', 0).execute())).toEqual([2, 5])
    })

    test('because HAVING names its column', async () => {
      const query = posts()
        .groupBy('post.id')
        .having((eb) => eb.fn.max('post.status'), '=', 0)
      expect(ids(await query.execute())).toEqual([2, 5])
    })

    test('because ON names its column', async () => {
      const query = use.db
        .selectFrom('tag')
        .innerJoin('post', (join) => join.onRef('post.id', '=', 'tag.post_id').on('post.status', '=', 0))
        .select('tag.id')
      expect(ids(await query.execute())).toEqual([2])
      const left = use.db
        .selectFrom('tag')
        .leftJoin('post', (join) => join.onRef('post.id', '=', 'tag.post_id').onRef('post.status', '=', 'tag.status'))
        .select('post.id')
      expect(ids(await left.execute())).toEqual([1, 2, null])
    })

    test('beside a right join, because a condition names its column', async () => {
      const query = use.db
        .selectFrom('tag')
        .rightJoin('post', 'post.id', 'tag.post_id')
        .where('post.status', '=', 0)
        .select('post.id')
      expect(ids(await query.execute())).toEqual([2, 5])
    })

    test('because a raw fragment holds a reference to its column', async () => {
      expect(
        ids(
          await posts()
            .where(sql<boolean>`${sql.ref('post.status')} + 0 = 0`)
            .execute(),
        ),
      ).toEqual([2, 5])
      expect(
        ids(
          await posts()
            .where((eb) => eb(eb.cast(eb.fn.coalesce('status', sql`1`), 'integer'), '=', 0))
            .execute(),
        ),
      ).toEqual([2, 5])
    })

    test('because the full name with the schema is used', async () => {
      const query = use.db.selectFrom('blog.post').select('blog.post.id')
      expect(ids(await query.where('blog.post.status', '=', 0).execute())).toEqual([2])
      expect(ids(await query.where('status', '=', 0).execute())).toEqual([2])
    })

    test('while the other table of the same query is filtered', async () => {
      const query = use.db
        .selectFrom('post')
        .innerJoin('author', 'author.id', 'post.author_id')
        .where('post.status', 'in', [0, 1])
        .select('post.id')
      expect(ids(await query.execute())).toEqual([1, 2, 5])
    })

    test('but not its other self', async () => {
      const query = use.db
        .selectFrom(['post as a', 'post as b'])
        .whereRef('a.id', '=', 'b.id')
        .where('a.status', 'in', [0, 1])
        .select('a.id')
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })
  })

  describe(`a table filtered all the same on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('though SELECT, ORDER BY, GROUP BY and DISTINCT name its column', async () => {
      const { db } = use
      expect(ids(await db.selectFrom('post').select(['id', 'post.status']).execute())).toEqual([1, 3, 4])
      expect(ids(await db.selectFrom('post').select('id').orderBy('post.status').execute())).toEqual([1, 3, 4])
      expect(await db.selectFrom('post').select('status').groupBy('post.status').execute()).toEqual([{ status: 1 }])
      const filtered = db.selectFrom('post').select(({ fn }) => fn.count('id').filterWhere('status', '=', 0).as('n'))
      expect(Number((await filtered.execute())[0]?.n)).toBe(0)
    })

    test("though a condition names another table's column of the same name", async () => {
      const query = use.db
        .selectFrom('post')
        .innerJoin('tag', 'tag.post_id', 'post.id')
        .where('tag.status', '=', 0)
        .select('tag.id')
      expect(ids(await query.execute())).toEqual([3])
    })

    test('though a condition names another column', async () => {
      expect(ids(await use.db.selectFrom('post').select('id').where('post.title', '!=', '').execute())).toEqual([
        1, 3, 4,
      ])
    })

    test('though its real name is used for another alias', async () => {
      const query = use.db
        .selectFrom('post as p')
        .innerJoin('tag as post', 'post.post_id', 'p.id')
        .where('post.status', 'in', [0, 1])
        .select('post.id')
      expect(ids(await query.execute())).toEqual([1, 3])
    })

    test('though a value reads like its column', async () => {
      const query = use.db.selectFrom('post').select('id').where('title', 'not in', ['status', 'post.status'])
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })

    test('though a subquery names its column, whether its own or of the query around it', async () => {
      const { db } = use
      const own = db
        .selectFrom('post')
        .select('id')
        .where('id', 'not in', (eb) =>
          eb.selectFrom('post').select('id').where('post.status', '=', 1).where('id', '<', 3),
        )
      expect(ids(await own.execute())).toEqual([3, 4])
      const outer = db
        .selectFrom('post')
        .select('id')
        .where((eb) => eb.exists(eb.selectFrom('tag').select('tag.id').where('post.status', 'in', [0, 1])))
      expect(ids(await outer.execute())).toEqual([1, 3, 4])
    })

    test('in the subquery, though the query around it names its column', async () => {
      const query = use.db
        .selectFrom('post')
        .select('id')
        .where('post.status', 'in', [0, 1])
        .where('id', 'in', (eb) => eb.selectFrom('post as p').select('p.id'))
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })

    test('in the other part of a union', async () => {
      const query = use.db
        .selectFrom('post')
        .select('id')
        .where('post.status', '=', 0)
        .union(use.db.selectFrom('post').select('id'))
      expect(ids(await query.execute())).toEqual([1, 2, 3, 4, 5])
      const other = use.db
        .selectFrom('author')
        .select('id')
        .union(use.db.selectFrom('author').select('id').where('status', '=', 1))
      expect(ids(await other.execute())).toEqual([1, 3])
    })

    test('though raw text names its column, which is not seen', async () => {
      const query = use.db.selectFrom('post').select('id').where(sql<boolean>`post.status in (0, 1)`)
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })
  })
}
