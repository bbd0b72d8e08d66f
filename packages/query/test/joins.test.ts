import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { dialects, useDatabase } from './dialects.js'

/** Pairs of ids as "post-author", sorted; nothing stands for null. */
function pairs(rows: readonly { left: number | null; right: number | null }[]): string[] {
  return rows.map(({ left, right }) => `${left ?? ''}-${right ?? ''}`).sort()
}

for (const dialect of dialects) {
  describe(`joins on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('an inner join is filtered on both sides, in WHERE', async () => {
      const query = use.db
        .selectFrom('post')
        .innerJoin('author', 'author.id', 'post.author_id')
        .select(['post.id as left', 'author.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1'])
      expect(query.compile().sql).toMatch(/ where "post"."status" = 1 and "author"."status" = 1$/)
    })

    test('a left join keeps rows whose partner is deleted, with nulls', async () => {
      const query = use.db
        .selectFrom('post')
        .leftJoin('author', 'author.id', 'post.author_id')
        .select(['post.id as left', 'author.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1', '3-', '4-'])
      expect(query.compile().sql).toMatch(/ on .* and "author"."status" = 1 where "post"."status" = 1$/)
    })

    test('an or in raw SQL in ON does not let deleted rows in', async () => {
      const query = use.db
        .selectFrom('post')
        .leftJoin('author', (join) => join.on(sql<boolean>`author.id = 1 or author.id = 2`))
        .select(['post.id as left', 'author.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1', '3-1', '4-1'])
    })

    test('a right join keeps rows whose partner is deleted, with nulls', async () => {
      const query = use.db
        .selectFrom('author')
        .rightJoin('post', 'author.id', 'post.author_id')
        .select(['post.id as left', 'author.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1', '3-', '4-'])
      expect(query.compile().sql).toContain('right join (select * from "post" where "post"."status" = 1) as "post"')
    })

    test('a full join keeps rows of both sides whose partner is deleted', async () => {
      const query = use.db
        .selectFrom('author as a')
        .fullJoin('post as p', 'a.id', 'p.author_id')
        .select(['p.id as left', 'a.id as right'])
      expect(pairs(await query.execute())).toEqual(['-3', '1-1', '3-', '4-'])
    })

    test('a cross join is filtered on both sides', async () => {
      const query = use.db.selectFrom('author').crossJoin('post').select(['post.id as left', 'author.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1', '1-3', '3-1', '3-3', '4-1', '4-3'])
    })

    test('a join with a table that is not listed filters the listed one only', async () => {
      const { db } = use
      const left = db
        .selectFrom('tag')
        .leftJoin('post', 'post.id', 'tag.post_id')
        .select(['tag.id as left', 'post.id as right'])
      expect(pairs(await left.execute())).toEqual(['1-1', '2-', '3-1'])
      const right = db
        .selectFrom('tag')
        .rightJoin('post', 'post.id', 'tag.post_id')
        .select(['tag.id as left', 'post.id as right'])
      expect(pairs(await right.execute())).toEqual(['-3', '-4', '1-1', '3-1'])
    })

    test('tables before a right join do not lose the rows of nulls', async () => {
      const query = use.db
        .selectFrom('post')
        .innerJoin('author', 'author.id', 'post.author_id')
        .leftJoin('tag', 'tag.post_id', 'post.id')
        .rightJoin('comment', 'comment.post_id', 'post.id')
        .select(['comment.id as left', 'author.id as right'])
        .distinct()
      expect(pairs(await query.execute())).toEqual(['1-1', '3-', '4-', '5-'])
    })

    test('a left join before a right join keeps its condition in ON', async () => {
      const query = use.db
        .selectFrom('post')
        .leftJoin('author', 'author.id', 'post.author_id')
        .rightJoin('comment', 'comment.post_id', 'post.id')
        .select(['comment.id as left', 'author.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1', '3-', '4-', '5-'])
    })

    test('tables after a right join are filtered in WHERE or ON', async () => {
      const rows = use.db.selectFrom('author').rightJoin('post', 'author.id', 'post.author_id')
      const inner = rows.innerJoin('comment', 'comment.post_id', 'post.id')
      expect(pairs(await inner.select(['post.id as left', 'comment.id as right']).execute())).toEqual(['1-1', '3-4'])
      const left = rows.leftJoin('comment', 'comment.post_id', 'post.id')
      expect(pairs(await left.select(['post.id as left', 'comment.id as right']).execute())).toEqual([
        '1-1',
        '3-4',
        '4-',
      ])
    })

    test('several tables in FROM stand before a right join', async () => {
      const query = use.db
        .selectFrom(['author', 'post'])
        .rightJoin('comment', 'comment.post_id', 'post.id')
        .select(['comment.id as left', 'author.id as right'])
      const found = pairs(await query.execute())
      expect(found).toContain('1-1')
      expect(found).toContain('1-3')
      expect(found.filter((pair) => pair.startsWith('2-') || pair.endsWith('-2'))).toEqual([])
    })

    test('a joined subquery is filtered inside', async () => {
      const query = use.db
        .selectFrom('tag')
        .leftJoin(
          (eb) => eb.selectFrom('post').select(['post.id', 'post.title']).as('p'),
          (join) => join.onRef('p.id', '=', 'tag.post_id'),
        )
        .select(['tag.id as left', 'p.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-1', '2-', '3-1'])
    })

    test('a table joined to itself is filtered under each name', async () => {
      const query = use.db
        .selectFrom('post as a')
        .leftJoin('post as b', (join) => join.onRef('b.id', '=', sql`a.id + 1`))
        .select(['a.id as left', 'b.id as right'])
      expect(pairs(await query.execute())).toEqual(['1-', '3-4', '4-'])
    })

    test.skipIf(!dialect.lateral)('lateral joins are filtered inside and outside (SQLite has none)', async () => {
      const { db } = use
      const newest = db
        .selectFrom('author')
        .innerJoinLateral(
          (eb) => eb.selectFrom('post').select('post.id').whereRef('post.author_id', '=', 'author.id').as('p'),
          (join) => join.onTrue(),
        )
        .select(['p.id as left', 'author.id as right'])
      expect(pairs(await newest.execute())).toEqual(['1-1'])
      const all = db
        .selectFrom('author')
        .leftJoinLateral(
          (eb) => eb.selectFrom('post').select('post.id').whereRef('post.author_id', '=', 'author.id').as('p'),
          (join) => join.onTrue(),
        )
        .select(['p.id as left', 'author.id as right'])
      expect(pairs(await all.execute())).toEqual(['-3', '1-1'])
      const crossed = db
        .selectFrom('author')
        .crossJoinLateral((eb) => eb.selectFrom('post').select('post.id').as('p'))
        .select(['p.id as left', 'author.id as right'])
      expect(pairs(await crossed.execute())).toHaveLength(6)
    })

    test('outer apply of SQL Server, which has no ON, gets the live rows', () => {
      const query = use.db
        .selectFrom('tag')
        .outerApply((eb) => eb.selectFrom('post').select('post.id').as('p'))
        .select('tag.id')
      expect(query.compile().sql).toContain(
        'outer apply (select "post"."id" from "post" where "post"."status" = 1) as "p"',
      )
    })
  })
}
