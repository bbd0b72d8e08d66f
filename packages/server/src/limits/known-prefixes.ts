/** From where users have logged in before: what others try from elsewhere does not hold them back there. */
import { prepareQuery } from '../store/prepared-query.js'
import type { Store, Writing } from '../store/store.js'

/** Whose secret is tried: an account as it is stored, or the user who is logged in. */
export type TriedAccount = { readonly clientType: number; readonly account: string } | { readonly uid: number }

/** Who logs in all day is written down once a day. */
const againAfterSeconds = 24 * 3600

interface Seen {
  readonly seen_at: number
}

const selectByAccount = prepareQuery<
  { readonly clientType: number; readonly account: string; readonly prefix: string },
  Seen
>((db, value) =>
  db
    .selectFrom('identities')
    .innerJoin('known_prefixes', 'known_prefixes.uid', 'identities.uid')
    .select('known_prefixes.seen_at')
    .where('identities.client_type', '=', value('clientType'))
    .where('identities.account', '=', value('account'))
    .where('known_prefixes.address_prefix', '=', value('prefix')),
)

const selectByUser = prepareQuery<{ readonly uid: number; readonly prefix: string }, Seen>((db, value) =>
  db
    .selectFrom('known_prefixes')
    .select('seen_at')
    .where('uid', '=', value('uid'))
    .where('address_prefix', '=', value('prefix')),
)

/** Whether the user of this account has logged in from there; no for an account that does not exist. */
export async function isKnownPrefix({ db }: Store, tried: TriedAccount, prefix: string): Promise<boolean> {
  const { rows } =
    'uid' in tried ? await selectByUser(db, { ...tried, prefix }) : await selectByAccount(db, { ...tried, prefix })
  return rows.length > 0
}

const upsertSeen = prepareQuery<
  { readonly uid: number; readonly prefix: string; readonly now: number; readonly before: number },
  never
>((db, value) =>
  db
    .insertInto('known_prefixes')
    .values({ uid: value('uid'), address_prefix: value('prefix'), seen_at: value('now') })
    .onConflict((conflict) =>
      conflict
        .columns(['uid', 'address_prefix'])
        .doUpdateSet({ seen_at: value('now') })
        .where('known_prefixes.seen_at', '<', value('before')),
    ),
)

/** Remembers it, in the transaction of the login. */
export async function rememberPrefix(transaction: Writing, uid: number, prefix: string, now: number): Promise<void> {
  await upsertSeen(transaction, { uid, prefix, now, before: now - againAfterSeconds })
}
