import type { ReadyConfig } from '../config.js'
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

/**
 * The name for a command that runs beside the server: what the configuration says, else the name that the server on this store
 * used last. One that was started with another port, on its command line, has another name than the default.
 */
export async function servedIssuer(
  store: Store,
  { issuer, issuerGiven }: Pick<ReadyConfig, 'issuer' | 'issuerGiven'>,
): Promise<string> {
  return issuerGiven ? issuer : ((await readServedIssuer(store)) ?? issuer)
}

async function readServedIssuer(store: Store): Promise<string | undefined> {
  const row = await store.db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}
