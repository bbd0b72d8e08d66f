/** What a million revocations cost a guard in memory, and how much of it at once. */
import { randomFillSync } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createRevocationList } from 'latchkey/token'
import { expect, it } from 'vitest'
import { collect } from './heap.js'

const bytes = () => process.memoryUsage().arrayBuffers
/** One for all ids, so that nothing but the list makes buffers here. */
const idBytes = Buffer.alloc(16)
const row = () => {
  const id = randomFillSync(idBytes).toString('base64url')
  return { kind: 's', id, min: 1, expiresAt: 4_000_000_000 }
}

/** Buffers are given back by another thread, after the collection: what one collection left to it, the next one waits for. */
async function bytesHeld(): Promise<number> {
  collect()
  await setTimeout(50)
  collect()
  return bytes()
}

it('a million revocations take at most 64 bytes each, and never more than a small part of that at once', async () => {
  const before = await bytesHeld()
  const list = createRevocationList()
  let least = Number.POSITIVE_INFINITY
  let greatest = 0
  let greatestStep = 0
  for (let count = 1; count <= 1_000_000; count++) {
    const rows = [row()]
    // Closely watched over more than one doubling of every part of the table.
    const isWatched = count > 90_000 && count <= 260_000
    const earlier = isWatched ? bytes() : 0
    list.apply(rows)
    if (isWatched) greatestStep = Math.max(greatestStep, bytes() - earlier)
    if (count % 250_000 === 0) {
      const perRow = ((await bytesHeld()) - before) / count
      least = Math.min(least, perRow)
      greatest = Math.max(greatest, perRow)
    }
  }
  expect(list.size).toBe(1_000_000)
  console.log(
    `${least.toFixed(0)} to ${greatest.toFixed(0)} bytes a revocation; at most ${greatestStep} bytes for one of them`,
  )
  expect(greatest).toBeLessThanOrEqual(64)
  // The whole table has more than 6,000,000 bytes then.
  expect(greatestStep).toBeLessThan(200_000)
}, 60_000)
