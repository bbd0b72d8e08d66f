import type { Store } from '../store/store.js'

const name = 'issuer'

/** Remembers under which name tokens are served from this store, for commands that run beside the server. */
export async function rememberIssuer(store: Store, issuer: string): Promise<void> {
  if ((await readServedIssuer(store)) === issuer) return
  await store.transaction((transaction) =>
    transaction
      .insertInto('meta')
      .values({ name, value: issuer })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: issuer }))
      .execute(),
  )
}

/** The name that the server on this store used last; undefined when there was none. */
export async function readServedIssuer(store: Store): Promise<string | undefined> {
  const row = await store.db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}
