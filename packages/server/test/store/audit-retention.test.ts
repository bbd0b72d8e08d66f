/** The audit log over the years: rows that are too old go, the secret changes, and the chain holds. */
import { sql } from 'kysely'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { operator } from '../../src/audit/actor.js'
import { openAuditKeys } from '../../src/audit/audit-keys.js'
import { listEvents } from '../../src/audit/list-events.js'
import { verifyChain } from '../../src/audit/verify-chain.js'
import { rewrapMasterKey } from '../../src/signing-keys/master-key.js'
import { sweepAudit } from '../../src/sweep/sweep-audit.js'
import { temporaryFolder } from '../server.js'
import { change, openLog, openSealed, sealAll, secret, verify, write } from './audit/open-log.js'
import { storeName } from './test-store.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const folder = temporaryFolder()
const day = 24 * 3600

it('survives a new secret', async () => {
  const log = await openLog(folder)
  // Of a database whose secret was given, on SQLite as well.
  await change(log, (t) => t.deleteFrom('meta').where('name', '=', 'master_key').execute())
  const [before] = [await openAuditKeys(log.store, secret)]
  await write(log, 3)
  await sealAll({ ...log, macs: before.macs })
  const newer = 'another secret of more than thirty-two bytes'
  await rewrapMasterKey({ store: log.store, secret: `${newer},${secret}` })
  const after = await openAuditKeys(log.store, newer)
  await sealAll({ ...log, macs: after.macs })
  const report = await verifyChain(log.store, after.macs)
  expect(report).toMatchObject({ fault: undefined, rows: 4, seals: 2 })
  const [last] = await log.store.db.selectFrom('audit_events').selectAll().orderBy('id', 'desc').limit(1).execute()
  expect([last?.event, last?.actor]).toEqual(['key_rewrapped', operator.kind])
})

describe('retention', () => {
  it('removes what is older, the oldest first, and the rest holds', async () => {
    const log = await openSealed(folder)
    const { head } = await verify(log)
    const kept = { macs: log.macs, retentionDays: 30 }
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 0, isDone: true })
    log.time.now += 30 * day
    await write(log, 5)
    await sealAll(log)
    await write(log, 1)
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 0, isDone: true })
    log.time.now += 1
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 200, isDone: false })
    expect(await verify(log, head)).toMatchObject({ fault: undefined, rows: 255, removed: 1 })
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 200, isDone: false })
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 50, isDone: false })
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 0, isDone: true })
    expect(await verify(log, head)).toMatchObject({ fault: undefined, rows: 5, removed: 3, unsealed: 1 })
    // The chain goes on from where it was, also when all of it was removed.
    log.time.now += 31 * day
    expect(await sweepAudit(log.store, kept)).toEqual({ rows: 5, isDone: false })
    await sealAll(log)
    expect(await verify(log, head)).toMatchObject({ fault: undefined, rows: 1, removed: 4, head: { number: 5 } })
  })

  it('by two nodes at once removes no more', async () => {
    const log = await openSealed(folder)
    const other = await openLog(folder, log.database)
    log.time.now += 31 * day
    other.time.now = log.time.now
    const swept = await Promise.all(
      [log, other].map(({ store, macs }) => sweepAudit(store, { macs, retentionDays: 30 })),
    )
    expect(swept.every(({ isDone }) => !isDone)).toBe(true)
    expect(await verify(log)).toMatchObject({ fault: undefined, removed: expect.any(Number) })
  })

  it('beneath a walk is no fault', async () => {
    const log = await openSealed(folder)
    log.time.now += 31 * day
    const walking = verify(log)
    const kept = { macs: log.macs, retentionDays: 30 }
    while (!(await sweepAudit(log.store, kept)).isDone);
    expect((await walking).fault).toBeUndefined()
    expect(await verify(log)).toMatchObject({ fault: undefined, removed: 3 })
  })
})

it('reads rows of before the upgrade, and seals them too', async () => {
  const log = await openLog(folder)
  const table = sql.table(storeName === 'PostgreSQL' ? 'latchkey.audit_events' : 'audit_events')
  await change(log, (t) => sql`insert into ${table} (at, event, outcome) values (7, 'login', 'done')`.execute(t))
  await sealAll(log)
  expect(await verify(log)).toMatchObject({ fault: undefined, rows: 1 })
  const { events } = await listEvents(log.store, { limit: 5 })
  expect(events[0]).toMatchObject({ at: '1970-01-01T00:00:07.000Z', actor: null, seal: 1 })
})
