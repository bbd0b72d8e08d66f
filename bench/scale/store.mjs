/**
 * The feed as PostgreSQL keeps it, without one: rows in the order of the transactions that wrote them, which commit in another.
 * What it answers is what `packages/server/src/store/postgres/read-feed.ts` does.
 */
const everyGeneration = 2 ** 31 - 1
const accessTtlSeconds = 7200
const keptSeconds = 3900
const feedId = 'c2NhbGUtc2ltdWxhdGlvbg'
/** From the read that is asked for to its snapshot, and from there to its answer. */
const beforeSnapshotMs = 0.5
const readMs = (rows) => 0.5 + rows * 0.0015

export function createFeedStore(time, random, { revocationsASecond, historyRows, pagesEveryMs }) {
  const rows = []
  const begins = []
  const commits = []
  /** All transactions before it have ended. */
  let horizon = 0
  let head = 0
  let nextMs = 0
  let endMs = Number.POSITIVE_INFINITY
  let openUntilMs = 0
  let openAt = 0
  const counts = { reads: 0, rows: 0 }

  function add(beginMs, commitMs, sid) {
    const expiresInMs = random.next() * accessTtlSeconds * 1000 + keptSeconds * 1000
    const expires_at = Math.floor((time.epochMs + commitMs + expiresInMs) / 1000)
    rows.push({ kind: 's', id: sid, min: everyGeneration, expires_at })
    begins.push(beginMs)
    commits.push(commitMs)
  }

  for (let i = 0; i < historyRows; i++) add(-1, -1, random.sid())

  const commitMs = (beginMs) => beginMs + 2 + Math.min(random.exponential(4), 60)

  /** Makes what others have revoked until now. */
  function advance(nowMs) {
    while (nextMs <= Math.min(nowMs, endMs)) {
      add(nextMs, commitMs(nextMs), random.sid())
      nextMs += random.exponential(1000 / revocationsASecond)
    }
  }

  function snapshot(nowMs, after, limit) {
    advance(nowMs)
    while (horizon < rows.length && commits[horizon] <= nowMs) horizon++
    while (head < rows.length && begins[head] <= nowMs) head++
    const settledBefore = openUntilMs > nowMs ? Math.min(horizon, openAt) : horizon
    const from = after === '' ? 0 : Number(after.split('.')[0])
    const found = []
    let last = from
    let settled = from
    for (let i = from; i < head && found.length < limit; i++) {
      if (commits[i] > nowMs) continue
      found.push(rows[i])
      last = i + 1
      if (i < settledBefore) settled = i + 1
    }
    counts.reads++
    counts.rows += found.length
    const cursor = (position) => (position === 0 ? after : `${position}.${position}`)
    return {
      rows: found,
      ...{ last: cursor(last), settled: cursor(settled), more: found.length === limit },
      ...{ feedId, keysVersion: 1, nowMs: Math.floor(time.epochMs + nowMs), identity: 'one', knownIdentity: 'one' },
    }
  }

  const wait = (ms) => new Promise((done) => time.afterMs(ms, done))

  return {
    counts,
    clock: () => Date.now(),
    async readFeed(after, limit) {
      if (pagesEveryMs > 0) await wait(pagesEveryMs - (time.nowMs() % pagesEveryMs))
      else await wait(beforeSnapshotMs)
      const answer = snapshot(time.nowMs(), after, limit)
      await wait(readMs(answer.rows.length))
      return answer
    },
    /** Revokes a session; answers when that is acknowledged. */
    revoke(sid) {
      const nowMs = time.nowMs()
      advance(nowMs)
      const doneMs = commitMs(nowMs)
      add(nowMs, doneMs, sid)
      return doneMs
    },
    /** A transaction of somebody else's that writes nothing here and stays open. */
    openTransaction(ms) {
      advance(time.nowMs())
      openAt = rows.length
      openUntilMs = time.nowMs() + ms
    },
    /** Nobody else revokes anything from this moment on. */
    end(ms) {
      endMs = ms
    },
  }
}
