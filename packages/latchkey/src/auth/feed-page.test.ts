import { expect, it } from 'vitest'
import { readFeedPage } from './feed-page.js'

const page = { feed_id: 'f', rows: [['s', 'x', 1, 2]], next: 'f~1', more: false, final: true, age_ms: 3, now: 4 }

it('is read as it was written', () => {
  expect(readFeedPage({ ...page, process_id: 'p', process_ms: 0, keys_version: 5 })).toEqual({
    ...{ feedId: 'f', rows: [{ kind: 's', id: 'x', min: 1, expiresAt: 2 }], next: 'f~1', more: false, final: true },
    ...{ ageMs: 3, nowMs: 4, process: { id: 'p', ms: 0 }, keysVersion: 5 },
  })
})

it.each([
  {},
  { process_id: 'p' },
  { process_ms: 1 },
  { process_id: 5, process_ms: 1 },
  { process_id: 'p', process_ms: -1 },
])('says nothing of its process with %j', (process) => {
  expect(readFeedPage({ ...page, ...process, keys_version: 5 }).process).toBeUndefined()
})
