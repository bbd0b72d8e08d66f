import { sql } from 'kysely'
import { jsonArrayFrom as postgresArray } from 'kysely/helpers/postgres'
import { jsonArrayFrom as sqliteArray } from 'kysely/helpers/sqlite'
import { describe, expect, test } from 'vitest'
import { dialects, ids, run, useDatabase } from './dialects.js'

for (const dialect of dialects) {
  describe(`select on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('a listed table shows live rows only', async () => {
      expect(ids(await use.db.selectFrom('post').selectAll().execute())).toEqual([1, 3, 4])
    })

    test('a table that is not listed shows all rows', async () => {
      expect(ids(await use.db.selectFrom('tag').selectAll().execute())).toEqual([1, 2, 3])
    })

    test('the condition is joined to the others by and', async () => {
      const query = use.db.selectFrom('post').select('id').where('views', '>', 15)
      expect(ids(await query.execute())).toEqual([3, 4])
    })

    test('an or in the conditions does not let deleted rows in', async () => {
      const either = use.db.selectFrom('post').select('id')
      expect(ids(await either.where((eb) => eb.or([eb('id', '=', 1), eb('id', '=', 2)])).execute())).toEqual([1])
      expect(ids(await either.where((eb) => eb('id', '=', 1).or('id', '=', 2)).execute())).toEqual([1])
    })

    test('an or in raw SQL does not let deleted rows in', async () => {
      const either = use.db.selectFrom('post').select('id')
      expect(ids(await either.where(sql<boolean>`id = 1 or id = 2`).execute())).toEqual([1])
      expect(ids(await either.where('id', '=', sql<number>`1 or id = 2`).execute())).toEqual([1])
      expect(ids(await either.where('id', '>', 0).where(sql<boolean>`id = 1 or id = 2`).execute())).toEqual([1])
    })

    test('an alias is filtered under its own name', async () => {
      const query = use.db.selectFrom('post as p').select('p.id').where('p.views', '>', 0)
      expect(ids(await query.execute())).toEqual([1, 3, 4])
      expect(query.compile().sql).toContain('"p"."status" = 1')
    })

    test('a dynamic table with an alias is filtered', async () => {
      const { dynamic } = use.db
      const query = use.db.selectFrom(dynamic.table('post' as const).as('p')).select('p.id')
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })

    test('a table given with its schema is filtered', async () => {
      expect(ids(await use.db.selectFrom('blog.post').select('id').execute())).toEqual([1])
      expect(ids(await use.db.selectFrom('blog.post as p').select('p.id').execute())).toEqual([1])
    })

    test('several tables in FROM are each filtered', async () => {
      const query = use.db
        .selectFrom(['post', 'author'])
        .select(['post.id as id', 'author.name as name'])
        .whereRef('post.author_id', '=', 'author.id')
      expect(await query.execute()).toEqual([{ id: 1, name: 'ann' }])
    })

    test('the same table twice is filtered twice', async () => {
      const query = use.db.selectFrom(['post as a', 'post as b']).select(['a.id as id', 'b.id as other'])
      expect(await query.execute()).toHaveLength(9)
    })

    test('counts, groups and windows see live rows only', async () => {
      const { db } = use
      const counted = await db
        .selectFrom('post')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .execute()
      expect(counted.map((row) => Number(row.n))).toEqual([3])
      const grouped = await db
        .selectFrom('comment')
        .select(({ fn }) => ['post_id', fn.count<number>('id').as('n')])
        .groupBy('post_id')
        .having(({ fn }) => fn.count('id'), '>', 0)
        .orderBy('post_id', (order) => order.asc().nullsLast())
        .execute()
      expect(grouped.map((row) => [row.post_id, Number(row.n)])).toEqual([
        [1, 1],
        [2, 1],
        [3, 1],
        [null, 1],
      ])
      const numbered = await db
        .selectFrom('post')
        .select(({ fn }) => [
          'id',
          fn
            .agg<number>('row_number')
            .over((over) => over.orderBy('id'))
            .as('n'),
        ])
        .orderBy('id')
        .execute()
      expect(numbered.map((row) => Number(row.n))).toEqual([1, 2, 3])
    })

    test('limit and offset count live rows', async () => {
      const query = use.db.selectFrom('post').select('id').orderBy('id').limit(2).offset(1)
      expect(ids(await query.execute())).toEqual([3, 4])
    })

    test('a subquery in FROM is filtered', async () => {
      const query = use.db.selectFrom((eb) => eb.selectFrom('post').select('id').as('p')).select('p.id')
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })

    test('a subquery in SELECT is filtered', async () => {
      const query = use.db
        .selectFrom('tag')
        .select((eb) => eb.selectFrom('post').select('post.title').whereRef('post.id', '=', 'tag.post_id').as('title'))
        .orderBy('tag.id')
      expect((await query.execute()).map((row) => row.title)).toEqual(['one', null, 'one'])
    })

    test('subqueries in WHERE are filtered, and so is the query around them', async () => {
      const query = use.db
        .selectFrom('author')
        .select('author.id')
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('post').select('post.id').whereRef('post.author_id', '=', 'author.id')),
        )
      // Author 2 has a live post but is deleted; author 3 has a deleted post only.
      expect(ids(await query.execute())).toEqual([1])
      const inList = use.db
        .selectFrom('tag')
        .select('tag.id')
        .where('post_id', 'in', (eb) => eb.selectFrom('post').select('post.id'))
      expect(ids(await inList.execute())).toEqual([1, 3])
    })

    test('a subquery built from the same db is filtered once', async () => {
      const { db } = use
      const inner = db.selectFrom('post').leftJoin('author', 'author.id', 'post.author_id').select('post.id')
      const query = db.selectFrom('tag').select('id').where('post_id', 'in', inner)
      expect(ids(await query.execute())).toEqual([1, 3])
      expect(query.compile().sql.match(/"status"/g)).toHaveLength(2)
    })

    test('a subquery in HAVING and ORDER BY is filtered', async () => {
      const query = use.db
        .selectFrom('tag')
        .select(['post_id'])
        .groupBy('post_id')
        .having('post_id', 'in', (eb) => eb.selectFrom('post').select('post.id'))
      expect(await query.execute()).toEqual([{ post_id: 1 }])
      const ordered = use.db
        .selectFrom('tag')
        .select('id')
        .orderBy(
          (eb) => eb.selectFrom('post').select('title').whereRef('post.id', '=', 'tag.post_id'),
          (order) => order.asc().nullsFirst(),
        )
        .orderBy('id')
      expect((await ordered.execute()).map((row) => row.id)).toEqual([2, 1, 3])
    })

    test('a builder inside raw SQL is filtered', async () => {
      const inner = use.db.selectFrom('post').select('id')
      const found = await sql<{ id: number }>`select id from tag where post_id in (${inner})`.execute(use.db)
      expect(ids(found.rows)).toEqual([1, 3])
    })

    test('rows gathered as JSON are filtered', async () => {
      const query = use.db.selectFrom('author').select((eb) => {
        const posts = eb.selectFrom('post').select('post.id').whereRef('post.author_id', '=', 'author.id')
        const gather = dialect.name === 'SQLite' ? sqliteArray : postgresArray
        return ['author.id', sql<unknown>`${gather(posts)}`.as('posts')]
      })
      const found = (await query.orderBy('id').execute()).map((row) =>
        typeof row.posts === 'string' ? JSON.parse(row.posts) : row.posts,
      )
      expect(found).toEqual([[{ id: 1 }], []])
    })

    test('each part of a union, intersection and difference is filtered', async () => {
      const { db } = use
      const posts = db.selectFrom('post').select('id')
      const union = posts.union((eb) => eb.selectFrom('author').select('id'))
      expect(ids(await union.execute())).toEqual([1, 3, 4])
      expect(ids(await posts.unionAll(db.selectFrom('author').select('id')).execute())).toEqual([1, 1, 3, 3, 4])
      expect(ids(await posts.intersect(db.selectFrom('comment').select('id')).execute())).toEqual([1, 3, 4])
      const tags = db.selectFrom('tag').select('id')
      expect(ids(await tags.except(db.selectFrom('post').select('id')).execute())).toEqual([2])
    })

    test('distinct keeps working', async () => {
      expect(await use.db.selectFrom('post').select('status').distinct().execute()).toEqual([{ status: 1 }])
    })

    test('a select without FROM is left alone', async () => {
      expect(await use.db.selectNoFrom((eb) => eb.val(1).as('one')).execute()).toHaveLength(1)
    })

    test('a view made through the plugin shows live rows only', async () => {
      const { db, bare } = use
      await db.schema.createView('live_post').as(db.selectFrom('post').selectAll()).execute()
      try {
        expect(ids(await sql<{ id: number }>`select id from live_post`.execute(bare).then(({ rows }) => rows))).toEqual(
          [1, 3, 4],
        )
      } finally {
        await run(bare, 'drop view live_post')
      }
    })

    test.skipIf(dialect.name === 'PostgreSQL')(
      'rows come as a stream (in PostgreSQL that needs pg-cursor)',
      async () => {
        const seen: number[] = []
        for await (const row of use.db.selectFrom('post').select('id').stream()) seen.push(row.id)
        expect(seen).toEqual([1, 3, 4])
      },
    )
  })
}
