/** Where the chain of seals begins and ends: kept beside it, under macs of their own, so that neither end can be cut off unseen. */
import { replaceMeta } from '../store/replace-meta.js'
import type { Reading, Writing } from '../store/store.js'
import type { SealMacs } from './audit-keys.js'

/** `start`: the last seal that retention removed. `head`: the last one that was made. */
export type ChainEnd = 'start' | 'head'

export interface End {
  readonly number: number
  /** Of that seal. */
  readonly mac: string
}

export interface StoredEnd extends End {
  /** As it stands in the row. */
  readonly text: string
  /** False when it was not written with this key. */
  readonly isGenuine: boolean
}

const names = { start: 'audit_start', head: 'audit_head' } as const
/** Before the first seal. */
export const noSeal: End = Object.freeze({ number: 0, mac: '' })

/** Undefined when there is none yet. */
export async function readEnd(db: Reading, end: ChainEnd, macs: SealMacs): Promise<StoredEnd | undefined> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', names[end]).executeTakeFirst()
  if (row === undefined) return undefined
  const [, digits = '0', mac = '', own = ''] = /^([0-9]{1,15}) (\S*) (\S*)$/.exec(row.value) ?? []
  const number = Number(digits)
  return { number, mac, text: row.value, isGenuine: own === macs.ofEnd(end, number, mac) }
}

/** Writes it in the place of what was read; false when somebody else was first. */
export async function writeEnd(
  transaction: Writing,
  end: ChainEnd,
  { number, mac }: End,
  before: StoredEnd | undefined,
  macs: SealMacs,
): Promise<boolean> {
  const value = `${number} ${mac} ${macs.ofEnd(end, number, mac)}`
  return replaceMeta(transaction, { name: names[end], before: before?.text, value })
}
