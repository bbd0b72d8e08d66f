/** A connection to PostgreSQL that breaks, or whose process falls asleep, while somebody has it, between two statements. */
import { expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../src/store/open-store.js'
import { startWireTo } from './bad-days/wire.js'
import { createPostgresDatabase, storeName } from './test-store.js'

it.runIf(storeName === 'PostgreSQL')('is `busy` for who has it, and does not end the process', async () => {
  const wire = await startWireTo(await createPostgresDatabase())
  onTestFinished(() => wire.close())
  const store = await openStore({ dataFolder: 'unused', databaseUrl: wire.url })
  onTestFinished(() => store.close())
  const count = () => store.db.selectFrom('users').select('uid').execute()
  // What nobody hears ends a process; here it would be shown as an error of the run.
  const unheard: unknown[] = []
  const onUnheard = (error: unknown) => unheard.push(error)
  process.prependListener('uncaughtException', onUnheard)
  onTestFinished(() => void process.off('uncaughtException', onUnheard))
  const broken = store.transaction(async (transaction) => {
    await transaction.selectFrom('users').select('uid').execute()
    wire.cut()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await transaction.selectFrom('users').select('uid').execute()
  })
  await expect(broken).rejects.toMatchObject({ code: 'busy' })
  expect(unheard).toEqual([])
  wire.mend(false)
  expect(await count()).toEqual([])
})

it.runIf(storeName === 'PostgreSQL')(
  'whose process sleeps in a transaction lets go of its rows',
  { timeout: 60_000 },
  async () => {
    const databaseUrl = await createPostgresDatabase()
    const open = () => openStore({ dataFolder: 'unused', databaseUrl })
    const [asleep, awake] = [await open(), await open()]
    onTestFinished(async () => {
      await asleep.close()
      await awake.close()
    })
    let isLocked = () => {}
    const locked = new Promise<void>((resolve) => {
      isLocked = resolve
    })
    let wake = () => {}
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    const write = (store: typeof asleep, value: string, wait?: () => Promise<void>) =>
      store.transaction(async (transaction) => {
        await transaction.updateTable('meta').set({ value }).where('name', '=', 'feed_id').execute()
        await wait?.()
      })
    const sleeping = write(asleep, 'asleep', () => {
      isLocked()
      return woken
    })
    await locked
    let refusals = 0
    while (!(await write(awake, 'awake').then(() => true, isBusy))) refusals++
    expect(refusals).toBeGreaterThan(0)
    wake()
    await expect(sleeping).rejects.toMatchObject({ code: 'busy' })
    const { value } = await awake.db
      .selectFrom('meta')
      .select('value')
      .where('name', '=', 'feed_id')
      .executeTakeFirstOrThrow()
    expect(value).toBe('awake')
    // It is used again.
    await write(asleep, 'awake again')
  },
)

function isBusy(error: { code?: unknown }): false {
  expect(error).toMatchObject({ code: 'busy' })
  return false
}
