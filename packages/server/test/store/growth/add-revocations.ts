import type { Filling } from './growth-database.js'

/** Refuses all generations that a session can have. */
const everyGeneration = 2 ** 31 - 1

/** Adds live revocations of sessions that nobody has, and among them one of the session `sid`: `count` in all. */
export async function addRevocations(
  { spelling, run }: Filling,
  { count, sid, expiresAt }: { readonly count: number; readonly sid: string; readonly expiresAt: number },
): Promise<void> {
  const insertion = `insert into ${spelling.table('revocations')} (kind, id, min, expires_at)`
  const addOthers = (from: number, to: number) =>
    run(`${insertion} select 's', ${spelling.sid(`'revoked ' || number`)}, ${everyGeneration}, ${expiresAt}
      from ${spelling.series(from, to)} as series`)
  const middle = Math.floor(count / 2)
  await addOthers(1, middle)
  await run(`${insertion} values ('s', '${sid}', ${everyGeneration}, ${expiresAt})`)
  await addOthers(middle + 1, count - 1)
}
