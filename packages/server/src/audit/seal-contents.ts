/** What a seal says of its rows: number and mac of each, one after the other. */
import type { AuditEventRow } from '../store/schema.js'
import type { SealMacs } from './audit-keys.js'

const idBytes = 8
const entryBytes = idBytes + 16

export interface SealedRow {
  readonly id: number
  readonly mac: Buffer
}

export function writeContents(rows: readonly AuditEventRow[], macs: SealMacs): Buffer {
  const contents = Buffer.alloc(rows.length * entryBytes)
  for (const [i, row] of rows.entries()) {
    contents.writeBigUInt64BE(BigInt(row.id), i * entryBytes)
    contents.set(macs.ofRow(row), i * entryBytes + idBytes)
  }
  return contents
}

/** The rows as they were when they were sealed. What is no whole entry at the end is left out. */
export function readContents(contents: Buffer): readonly SealedRow[] {
  return Array.from({ length: Math.floor(contents.length / entryBytes) }, (_, i) => {
    const entry = contents.subarray(i * entryBytes, (i + 1) * entryBytes)
    return { id: Number(entry.readBigUInt64BE()), mac: entry.subarray(idBytes) }
  })
}
