import { sql } from 'kysely'
import type { AuditEventRow, AuditSealRow } from '../store/schema.js'
import type { Reading, Store } from '../store/store.js'
import type { SealMacs } from './audit-keys.js'
import { type End, noSeal, readEnd } from './chain-ends.js'
import { readContents } from './seal-contents.js'

export interface ChainReport {
  /** The first thing that is wrong, as a sentence; undefined when nothing is. */
  readonly fault: string | undefined
  /** The row that is wrong, where it is one. */
  readonly row: number | undefined
  /** How many rows and seals were found right. */
  readonly rows: number
  readonly seals: number
  /** The last seal that retention removed; 0: none. */
  readonly removed: number
  /** How many rows have no seal yet: of these nothing can be said. */
  readonly unsealed: number
  /** The last seal that is right: kept elsewhere, it shows later whether the end was cut off. */
  readonly head: End
}

const sealsAtOnce = 20
const tries = 5

class ChainFault extends Error {
  readonly row: number | undefined
  constructor(message: string, row?: number) {
    super(message)
    this.row = row
  }
}

/**
 * Walks the chain over the audit log from where it begins, a few seals at a time, and stops at the first thing that is wrong.
 * `kept` is a head that an earlier walk answered: it must still be there. Rows that have no seal yet are counted alone.
 *
 * What it cannot know: that the newest seals were cut off by somebody who put an older head back, unless `kept` is newer.
 */
export async function verifyChain({ db }: Store, macs: SealMacs, kept?: End): Promise<ChainReport> {
  for (let i = 1; ; i++) {
    const before = await readEnd(db, 'start', macs)
    const report = await walk(db, macs, kept)
    // Retention may have gone on beneath the walk.
    const after = await readEnd(db, 'start', macs)
    if (report.fault === undefined || after?.text === before?.text || i === tries) return report
  }
}

async function walk(db: Reading, macs: SealMacs, kept: End | undefined): Promise<ChainReport> {
  const counts = { rows: 0, seals: 0 }
  const start = await readEnd(db, 'start', macs)
  let last: End = start ?? noSeal
  let fault: ChainFault | undefined
  try {
    if (start?.isGenuine === false) throw new ChainFault('The beginning of the chain was changed')
    const head = await readEnd(db, 'head', macs)
    if (head?.isGenuine === false) throw new ChainFault('The end of the chain was changed')
    checkKept(kept, last)
    for (;;) {
      const seals = await readSeals(db, last.number)
      if (seals.length === 0) break
      const rows = await readRows(db, seals)
      for (const seal of seals) {
        checkSeal(seal, last, macs)
        counts.rows += checkRows(
          seal,
          rows.filter((row) => row.seal === seal.number),
          macs,
        )
        counts.seals++
        last = { number: seal.number, mac: seal.mac }
        checkKept(kept, last)
        if (head?.number === last.number && head.mac !== last.mac)
          throw new ChainFault('The end of the chain was changed')
      }
    }
    checkEnd(last, head, kept)
    await checkStrays(db, start?.number ?? 0)
  } catch (error) {
    if (!(error instanceof ChainFault)) throw error
    fault = error
  }
  const removed = start?.number ?? 0
  return { fault: fault?.message, row: fault?.row, ...counts, removed, unsealed: await countUnsealed(db), head: last }
}

function readSeals(db: Reading, after: number): Promise<AuditSealRow[]> {
  return db
    .selectFrom('audit_seals')
    .selectAll()
    .where('number', '>', after)
    .orderBy('number')
    .limit(sealsAtOnce)
    .execute()
}

function readRows(db: Reading, seals: readonly AuditSealRow[]): Promise<AuditEventRow[]> {
  return db
    .selectFrom('audit_events')
    .selectAll()
    .where('seal', '>=', seals[0]?.number as number)
    .where('seal', '<=', seals.at(-1)?.number as number)
    .orderBy('seal')
    .orderBy('id')
    .execute()
}

function checkSeal({ number, newest_at: newestAt, contents, mac }: AuditSealRow, last: End, macs: SealMacs): void {
  if (number !== last.number + 1) throw new ChainFault(`Seal ${last.number + 1} is missing`)
  if (mac !== macs.ofSeal({ number, newestAt, contents }, last.mac)) throw new ChainFault(`Seal ${number} was changed`)
}

/** Answers how many there are. */
function checkRows(seal: AuditSealRow, rows: readonly AuditEventRow[], macs: SealMacs): number {
  const found = new Map(rows.map((row) => [row.id, row]))
  for (const { id, mac } of readContents(seal.contents)) {
    const row = found.get(id)
    if (row === undefined) throw new ChainFault(`Row ${id}, of seal ${seal.number}, is missing`, id)
    if (!macs.ofRow(row).equals(mac)) throw new ChainFault(`Row ${id}, of seal ${seal.number}, was changed`, id)
    found.delete(id)
  }
  for (const id of found.keys()) throw new ChainFault(`Row ${id} was added to seal ${seal.number}`, id)
  return rows.length
}

function checkKept(kept: End | undefined, { number, mac }: End): void {
  if (kept?.number === number && kept.mac !== mac) throw new ChainFault(`Seal ${number} is not the one that was kept`)
}

function checkEnd(last: End, head: End | undefined, kept: End | undefined): void {
  const end = Math.max(head?.number ?? 0, kept?.number ?? 0)
  if (last.number < end) throw new ChainFault(`The end is cut off: seals ${last.number + 1} to ${end} are missing`)
  if (last.number > 0 && head === undefined) throw new ChainFault('The end of the chain is missing')
}

/** Rows that name a seal which is not there. */
async function checkStrays(db: Reading, removed: number): Promise<void> {
  const stray = await db
    .selectFrom('audit_events')
    .select(['id', 'seal'])
    .where((eb) => {
      // In one statement: seals are made meanwhile.
      const last = eb.selectFrom('audit_seals').select(sql<number>`coalesce(max(number), ${removed})`.as('last'))
      return eb.or([eb('seal', '<=', removed), eb('seal', '>', last)])
    })
    .limit(1)
    .executeTakeFirst()
  if (stray !== undefined)
    throw new ChainFault(`Row ${stray.id} names seal ${stray.seal}, which is not there`, stray.id)
}

async function countUnsealed(db: Reading): Promise<number> {
  const { count } = await db
    .selectFrom('audit_events')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('seal', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}
