/** The chain of seals over the audit log: whoever changes a row by hand is found, whoever stops in the middle leaves it whole. */
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { listEvents } from '../../src/audit/list-events.js'
import { sealRows } from '../../src/audit/seal-rows.js'
import { startSealer } from '../../src/audit/sealer.js'
import { writeAuditEvent } from '../../src/audit/write-audit-event.js'
import { silentLog } from '../../src/log/log.js'
import type { Store, Writing } from '../../src/store/store.js'
import { temporaryFolder } from '../server.js'
import { change, event, openLog, openSealed, sealAll, verify, write } from './audit/open-log.js'
import { storeName } from './test-store.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const folder = temporaryFolder()

it('holds what was written, and says how many rows have no seal yet', async () => {
  const log = await openSealed(folder)
  await write(log, 3)
  const report = await verify(log)
  expect(report).toMatchObject({ fault: undefined, rows: 450, seals: 3, removed: 0, unsealed: 3, head: { number: 3 } })
  await sealAll(log)
  expect(await verify(log, report.head)).toMatchObject({ fault: undefined, rows: 453, seals: 4, unsealed: 0 })
})

it('is empty at first, and that is no fault', async () => {
  expect(await verify(await openLog(folder))).toMatchObject({
    fault: undefined,
    rows: 0,
    seals: 0,
    head: { number: 0 },
  })
})

describe('finds', () => {
  it.each<[string, (t: Writing) => Promise<unknown>, string, number | undefined]>([
    [
      'a row whose detail was changed',
      (t) => t.updateTable('audit_events').set({ detail: 'row 8' }).where('id', '=', 8).execute(),
      'Row 8, of seal 1, was changed',
      8,
    ],
    [
      'a row whose time was changed',
      (t) => t.updateTable('audit_events').set({ at: 5 }).where('id', '=', 201).execute(),
      'Row 201, of seal 2, was changed',
      201,
    ],
    [
      'a text that moved into the next column',
      (t) => t.updateTable('audit_events').set({ detail: null, request_id: 'row 6' }).where('id', '=', 7).execute(),
      'Row 7, of seal 1, was changed',
      7,
    ],
    [
      'a row that is gone',
      (t) => t.deleteFrom('audit_events').where('id', '=', 300).execute(),
      'Row 300, of seal 2, is missing',
      300,
    ],
    [
      'a row that was added under a seal',
      (t) =>
        t
          .insertInto('audit_events')
          .values({ at: 1, event: 'login', outcome: 'done', seal: 2 } as never)
          .execute(),
      'Row 451 was added to seal 2',
      451,
    ],
    [
      'a row under a seal that is not there',
      (t) =>
        t
          .insertInto('audit_events')
          .values({ at: 1, event: 'login', outcome: 'done', seal: 9 } as never)
          .execute(),
      'Row 451 names seal 9, which is not there',
      451,
    ],
    [
      'a row that was put under another seal',
      (t) => t.updateTable('audit_events').set({ seal: 3 }).where('id', '=', 4).execute(),
      'Row 4, of seal 1, is missing',
      4,
    ],
    [
      'a row whose seal was taken off',
      (t) => t.updateTable('audit_events').set({ seal: null }).where('id', '=', 4).execute(),
      'Row 4, of seal 1, is missing',
      4,
    ],
    [
      'a seal that is gone',
      (t) => t.deleteFrom('audit_seals').where('number', '=', 2).execute(),
      'Seal 2 is missing',
      undefined,
    ],
    [
      'a seal that was changed',
      (t) => t.updateTable('audit_seals').set({ newest_at: 5 }).where('number', '=', 2).execute(),
      'Seal 2 was changed',
      undefined,
    ],
    [
      'a beginning that was cut off',
      async (t) => {
        await t.deleteFrom('audit_events').where('seal', '=', 1).execute()
        await t.deleteFrom('audit_seals').where('number', '=', 1).execute()
      },
      'Seal 1 is missing',
      undefined,
    ],
    [
      'a beginning that was cut off, with a mark that somebody made up',
      async (t) => {
        const { mac } = await t
          .selectFrom('audit_seals')
          .select('mac')
          .where('number', '=', 1)
          .executeTakeFirstOrThrow()
        await t.deleteFrom('audit_events').where('seal', '=', 1).execute()
        await t.deleteFrom('audit_seals').where('number', '=', 1).execute()
        await t
          .insertInto('meta')
          .values({ name: 'audit_start', value: `1 ${mac} ${'A'.repeat(43)}` })
          .execute()
      },
      'The beginning of the chain was changed',
      undefined,
    ],
    [
      'an end that was cut off',
      async (t) => {
        await t.deleteFrom('audit_events').where('seal', '=', 3).execute()
        await t.deleteFrom('audit_seals').where('number', '=', 3).execute()
      },
      'The end is cut off: seals 3 to 3 are missing',
      undefined,
    ],
    [
      'all that is gone but the head',
      async (t) => {
        await t.deleteFrom('audit_events').execute()
        await t.deleteFrom('audit_seals').execute()
      },
      'The end is cut off: seals 1 to 3 are missing',
      undefined,
    ],
    [
      'a head that is gone',
      (t) => t.deleteFrom('meta').where('name', '=', 'audit_head').execute(),
      'The end of the chain is missing',
      undefined,
    ],
    [
      'a head that somebody made up',
      (t) =>
        t
          .updateTable('meta')
          .set({ value: `2 x ${'A'.repeat(43)}` })
          .where('name', '=', 'audit_head')
          .execute(),
      'The end of the chain was changed',
      undefined,
    ],
  ])('%s', async (_, tamper, fault, row) => {
    const log = await openSealed(folder)
    expect((await verify(log)).fault).toBeUndefined()
    await change(log, tamper)
    expect(await verify(log)).toMatchObject({ fault, row })
  })

  it('two rows that changed their places', async () => {
    const log = await openSealed(folder)
    await change(log, async (t) => {
      const text = (id: number) =>
        t.selectFrom('audit_events').select('detail').where('id', '=', id).executeTakeFirstOrThrow()
      const [one, other] = [await text(20), await text(21)]
      await t.updateTable('audit_events').set({ detail: other.detail }).where('id', '=', 20).execute()
      await t.updateTable('audit_events').set({ detail: one.detail }).where('id', '=', 21).execute()
    })
    expect((await verify(log)).fault).toBe('Row 20, of seal 1, was changed')
  })

  it('an end that was cut off together with the head, by a head that was kept elsewhere', async () => {
    const log = await openSealed(folder)
    const meta = () =>
      log.store.db.selectFrom('meta').select('value').where('name', '=', 'audit_head').executeTakeFirstOrThrow()
    const { value: old } = await meta()
    await write(log, 10)
    await sealAll(log)
    const { head } = await verify(log)
    await change(log, async (t) => {
      await t.deleteFrom('audit_events').where('seal', '=', 4).execute()
      await t.deleteFrom('audit_seals').where('number', '=', 4).execute()
      await t.updateTable('meta').set({ value: old }).where('name', '=', 'audit_head').execute()
    })
    // Without it, nothing can be known.
    expect((await verify(log)).fault).toBeUndefined()
    expect((await verify(log, head)).fault).toBe('The end is cut off: seals 4 to 4 are missing')
    // Nor does it help that others take its place.
    await write(log, 5)
    await sealAll(log)
    expect((await verify(log)).fault).toBeUndefined()
    expect((await verify(log, head)).fault).toBe('Seal 4 is not the one that was kept')
  })
})

it('is one chain though several nodes seal at once, and each takes the lease for its own', async () => {
  const log = await openLog(folder)
  const nodes = [log, await openLog(folder, log.database), await openLog(folder, log.database)]
  let isDone = false
  const sealing = nodes.map(async ({ store, macs }) => {
    let sealed = 0
    while (!isDone) {
      sealed += await sealRows(store, macs)
      // SQLite alone would leave nobody else a turn.
      await new Promise(setImmediate)
    }
    return sealed
  })
  for (let i = 0; i < 30; i++) await Promise.all(nodes.map((node) => write(node, 7)))
  await expect.poll(async () => (await verify(log)).unsealed, { timeout: 15_000 }).toBe(0)
  isDone = true
  const sealed = await Promise.all(sealing)
  expect(sealed.reduce((sum, rows) => sum + rows, 0)).toBe(630)
  expect(await verify(log)).toMatchObject({ fault: undefined, rows: 630 })
})

it('is not changed by a node that was held up between its reading and its writing', async () => {
  const log = await openLog(folder)
  const other = await openLog(folder, log.database)
  await write(log, 5)
  const heldUp: Store = {
    ...log.store,
    async transaction(work) {
      expect(await sealRows(other.store, other.macs)).toBe(5)
      return log.store.transaction(work)
    },
  }
  expect(await sealRows(heldUp, log.macs)).toBe(0)
  expect(await verify(log)).toMatchObject({ fault: undefined, rows: 5, seals: 1 })
  // Nor later in the chain, where there is a head to write in the place of.
  await write(log, 5)
  expect(await sealRows(heldUp, log.macs)).toBe(0)
  expect(await verify(log)).toMatchObject({ fault: undefined, rows: 10, seals: 2 })
})

it('is sealed by one node within a second or two, and by another when that one is stopped in the middle', async () => {
  const log = await openLog(folder)
  const other = await openLog(folder, log.database)
  const head = async () => (await verify(log)).head.number
  // Stopped for good within its transaction: what it did there is undone, and it holds the lease.
  const stopped: Store = {
    ...log.store,
    transaction: (work) =>
      log.store.transaction(async (transaction) => {
        const result = await work(transaction)
        const seals = await transaction.selectFrom('audit_seals').select('number').execute()
        if (seals.length > 0) throw new Error('stopped')
        return result
      }),
  }
  await write(log, 5)
  const first = startSealer({ store: stopped, macs: log.macs, log: silentLog, everyMs: 10 })
  const holder = () => log.store.db.selectFrom('meta').select('value').where('name', '=', 'sealing').execute()
  await expect.poll(holder, { timeout: 5_000 }).toHaveLength(1)
  const second = startSealer({ store: other.store, macs: other.macs, log: silentLog, everyMs: 10 })
  onTestFinished(second.close)
  await first.close()
  expect([await head(), (await verify(log)).unsealed]).toEqual([0, 5])
  other.time.now += 21
  await expect.poll(head, { timeout: 5_000 }).toBe(1)
  expect(await verify(log)).toMatchObject({ fault: undefined, rows: 5, unsealed: 0 })
})

it.runIf(storeName === 'PostgreSQL')(
  'goes on while a transaction stays open, and has its row under a later seal once it is committed',
  async () => {
    const log = await openLog(folder)
    let end = () => {}
    let wrote = () => {}
    const isWritten = new Promise<void>((resolve) => {
      wrote = resolve
    })
    const open = log.store.transaction(async (transaction) => {
      await writeAuditEvent(transaction, event(log.time.now, 'late'))
      wrote()
      await new Promise<void>((resolve) => {
        end = resolve
      })
    })
    await isWritten
    await write(log, 20)
    await sealAll(log)
    expect(await verify(log)).toMatchObject({ fault: undefined, rows: 20, unsealed: 0, head: { number: 1 } })
    const before = await listEvents(log.store, { limit: 100 })
    end()
    await open
    await sealAll(log)
    expect(await verify(log)).toMatchObject({ fault: undefined, rows: 21, unsealed: 0, head: { number: 2 } })
    // Its number is the smallest, and whoever read on from where the chain ended has it all the same.
    const next = await listEvents(log.store, { limit: 100, after: before.next as string })
    expect(next.events.map(({ id, seal, detail }) => [id, seal, detail])).toEqual([[1, 2, 'late']])
  },
)
