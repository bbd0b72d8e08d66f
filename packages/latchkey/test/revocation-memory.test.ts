/** What a million revocations cost a guard in memory, and how much of it at once. */
import { randomBytes } from 'node:crypto'
import { createRevocationList } from 'latchkey/token'
import { expect, it } from 'vitest'
import { collect } from './heap.js'

const bytes = () => process.memoryUsage().arrayBuffers
const row = () => ({ kind: 's', id: randomBytes(16).toString('base64url'), min: 1, expiresAt: 4_000_000_000 })

it('a million revocations take at most 64 bytes each, and never more than a small part of that at once', () => {
  collect()
  const before = bytes()
  const list = createRevocationList()
  let least = Number.POSITIVE_INFINITY
  let greatest = 0
  let greatestStep = 0
  for (let count = 1; count <= 1_000_000; count++) {
    const rows = [row()]
    // Closely watched over more than one doubling of every part of the table.
    const isWatched = count > 90_000 && count <= 260_000 && count % 8 === 0
    const earlier = isWatched ? bytes() : 0
    list.apply(rows)
    if (isWatched) greatestStep = Math.max(greatestStep, bytes() - earlier)
    if (count % 250_000 === 0) {
      collect()
      const perRow = (bytes() - before) / count
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
