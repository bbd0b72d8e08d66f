import { describe, expect, test } from 'vitest'
import { dialects, ids, useDatabase } from './dialects.js'

for (const dialect of dialects) {
  describe(`common table expressions on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('an expression is filtered inside, and the query around it too', async () => {
      const query = use.db
        .with('busy', (db) => db.selectFrom('post').select(['id', 'author_id']))
        .selectFrom('busy')
        .innerJoin('author', 'author.id', 'busy.author_id')
        .select('busy.id')
      expect(ids(await query.execute())).toEqual([1])
    })

    test('an expression named like a listed table is not filtered', async () => {
      const query = use.db
        .with('post', (db) => db.selectFrom('tag').select('tag.id'))
        .selectFrom('post')
        .select('post.id')
      expect(ids(await query.execute())).toEqual([1, 2, 3])
    })

    test('it shadows the table in subqueries, joins, unions and later expressions', async () => {
      const shadowed = use.db.with('post', (db) => db.selectFrom('tag').select(['tag.id', 'tag.post_id']))
      const subquery = shadowed
        .selectFrom('comment')
        .select('comment.id')
        .where('comment.id', 'in', (eb) => eb.selectFrom('post').select('post.id'))
      expect(ids(await subquery.execute())).toEqual([1, 3])
      const joined = shadowed.selectFrom('tag').innerJoin('post', 'post.id', 'tag.id').select('post.id')
      expect(ids(await joined.execute())).toEqual([1, 2, 3])
      const right = shadowed.selectFrom('comment').rightJoin('post', 'post.id', 'comment.id').select('post.id')
      expect(ids(await right.execute())).toEqual([1, 2, 3])
      const union = shadowed
        .selectFrom('post')
        .select('post.id')
        .union((eb) => eb.selectFrom('post').select('post.id'))
      expect(ids(await union.execute())).toEqual([1, 2, 3])
      const later = shadowed.with('again', (db) => db.selectFrom('post').select('post.id')).selectFrom('again')
      expect(ids(await later.select('again.id').execute())).toEqual([1, 2, 3])
    })

    test('it shadows the table under an alias', async () => {
      const query = use.db
        .with('post', (db) => db.selectFrom('tag').select('tag.id'))
        .selectFrom('post as p')
        .select('p.id')
      expect(ids(await query.execute())).toEqual([1, 2, 3])
    })

    test('it does not shadow the table with its schema', async () => {
      const query = use.db
        .with('post', (db) => db.selectFrom('tag').select('tag.id'))
        .selectFrom('blog.post')
        .select('blog.post.id')
      expect(ids(await query.execute())).toEqual([1])
    })

    test('it does not shadow the table outside its query', async () => {
      const inner = use.db
        .selectFrom('post')
        .select('post.id')
        .where('post.id', 'in', (eb) =>
          eb
            .selectFrom(
              use.bare
                .with('post', (db) => db.selectFrom('tag').select('tag.id'))
                .selectFrom('post')
                .select('post.id')
                .as('t'),
            )
            .select('t.id'),
        )
      expect(ids(await inner.execute())).toEqual([1, 3])
    })

    test('it does not shadow the table in an expression before it', () => {
      const query = use.db
        .with('first', (db) => db.selectFrom('post').select('id'))
        .with('post', (db) => db.selectFrom('tag').select('tag.id'))
        .selectFrom('first')
        .select('first.id')
      expect(query.compile().sql).toContain('"first" as (select "id" from "post" where "post"."status" = 1)')
    })

    test.skipIf(dialect.forwardNames)(
      'it does not shadow the table in itself (SQLite takes every name as recursive)',
      async () => {
        const query = use.db
          .with('post', (db) => db.selectFrom('post').select(['post.id', 'post.title']))
          .selectFrom('post')
          .select('post.id')
        expect(ids(await query.execute())).toEqual([1, 3, 4])
      },
    )

    test('a recursive expression sees itself, not the table', async () => {
      const query = use.db
        .withRecursive('post(id)', (db) =>
          db
            .selectFrom('author')
            .select('author.id')
            .unionAll((eb) =>
              eb
                .selectFrom('post')
                .select((e) => e('post.id', '+', 10).as('id'))
                .where('post.id', '<', 20),
            ),
        )
        .selectFrom('post')
        .select('post.id')
      expect(ids(await query.execute())).toEqual([1, 3, 11, 13, 21, 23])
    })

    test('a recursive expression over a listed table follows live rows only', async () => {
      const query = use.db
        .withRecursive('chain(id)', (db) =>
          db
            .selectFrom('post')
            .select('post.id')
            .where('post.id', '=', 3)
            .unionAll((eb) =>
              eb
                .selectFrom('post')
                .innerJoin('chain', (join) => join.on((e) => e('post.id', '=', e('chain.id', '+', 1))))
                .select('post.id'),
            ),
        )
        .selectFrom('chain')
        .select('chain.id')
      expect(ids(await query.execute())).toEqual([3, 4])
    })

    test('what is written to is the table, whatever an expression is called', async () => {
      await use.db
        .with('post', (db) => db.selectFrom('tag').select('tag.id'))
        .updateTable('post')
        .set({ views: 99 })
        .execute()
      const changed = await use.bare.selectFrom('post').select('id').where('views', '=', 99).execute()
      expect(ids(changed)).toEqual([1, 3, 4])
      const refused = use.db.with('post', (db) => db.selectFrom('tag').select('tag.id')).deleteFrom('post')
      await expect(refused.execute()).rejects.toThrow(/"post" is soft-deleted/)
    })

    test.skipIf(dialect.name === 'SQLite')('an expression that writes is filtered (SQLite allows none)', async () => {
      const query = use.db
        .with('changed', (db) => db.updateTable('post').set({ views: 0 }).returning('id'))
        .selectFrom('changed')
        .select('changed.id')
      expect(ids(await query.execute())).toEqual([1, 3, 4])
    })
  })
}
