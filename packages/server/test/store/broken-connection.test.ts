/** A connection to PostgreSQL that breaks while somebody has it, between two statements. */
import { expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../src/store/open-store.js'
import { startWire } from './bad-days/wire.js'
import { createPostgresDatabase, storeName } from './test-store.js'

it.runIf(storeName === 'PostgreSQL')('is `busy` for who has it, and does not end the process', async () => {
  const databaseUrl = new URL(await createPostgresDatabase())
  const wire = await startWire(databaseUrl.href)
  onTestFinished(() => wire.close())
  databaseUrl.port = new URL(wire.url).port
  const store = await openStore({ dataFolder: 'unused', databaseUrl: databaseUrl.href })
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
