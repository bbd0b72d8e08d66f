/**
 * The way from guards to the server: links with latency, jitter, loss and a bandwidth, and a CDN of edges behind one shield.
 * Its caches do what Cache-Control says (RFC 9111), add Age, and let requests for the same page wait for the first of them; when
 * that may not be kept, each of those that waited goes on by itself.
 */
const mib = 1024 * 1024

function lifeSeconds({ status, headers }) {
  const caching = headers['cache-control'] ?? ''
  if (status !== 200 || /no-store|private|no-cache/.test(caching)) return 0
  const [, seconds] = /(?:s-maxage|max-age)=(\d+)/.exec(caching) ?? []
  return Number(seconds ?? 0)
}

export function createCache(time, ask, { tailSeconds = 0, collapseOnly = false }) {
  const kept = new Map()
  const asked = new Map()
  const counts = { requests: 0 }

  function keep(path, answer) {
    const isTail = path.startsWith('/v1/revocations') && answer.status === 200
    const seconds = lifeSeconds(answer) || (isTail ? tailSeconds : 0)
    const entry = { ...answer, atMs: time.nowMs(), age: Number(answer.headers.age ?? 0), seconds }
    if (seconds - entry.age > 0) kept.set(path, entry)
    return entry
  }

  /** Whole seconds, as the header has them. */
  function withAge(entry) {
    const age = String(Math.floor((time.nowMs() - entry.atMs) / 1000 + entry.age))
    return { ...entry, headers: { ...entry.headers, age } }
  }

  async function find(path, forwardedFor) {
    const known = kept.get(path)
    if (known !== undefined && (time.nowMs() - known.atMs) / 1000 + known.age < known.seconds) return withAge(known)
    kept.delete(path)
    const first = asked.get(path)
    if (first !== undefined) {
      const entry = await first
      if (entry.seconds > 0 || collapseOnly) return withAge(entry)
      return keep(path, await ask(path, forwardedFor))
    }
    const asking = ask(path, forwardedFor).then((answer) => keep(path, answer))
    asked.set(path, asking)
    asking.finally(() => asked.delete(path)).catch(() => {})
    return asking
  }

  return {
    counts,
    get(path, forwardedFor) {
      counts.requests++
      return find(path, forwardedFor)
    },
  }
}

export function createNetwork(time, random, { origins, edges, cdn }) {
  const wait = (ms) => new Promise((done) => time.afterMs(ms, done))
  const latency = ({ ms, jitterMs }) => ms + random.exponential(jitterMs)
  const counts = { origin: 0, finalPages: 0 }
  let turn = 0

  /** Moves what follows to another party, after the way there. */
  const go = (ms, party) => new Promise((done) => time.afterMs(ms, done, party))

  async function askOrigin(path, forwardedFor) {
    const asking = time.party()
    const link = { ms: 2, jitterMs: 0.5 }
    const origin = origins[turn++ % origins.length]
    await go(latency(link), origin.party)
    const answer = await origin.answer(path, forwardedFor)
    counts.origin++
    if (path.startsWith('/v1/revocations') && lifeSeconds(answer) > 0) counts.finalPages++
    await go(latency(link), asking)
    return answer
  }

  const shield = createCache(time, askOrigin, cdn)
  const all = Array.from({ length: edges }, () => {
    const link = { ms: 8 + random.next() * 30, jitterMs: 2 }
    return createCache(
      time,
      async (path, forwardedFor) => {
        await wait(latency(link))
        const answer = await shield.get(path, forwardedFor)
        await wait(latency(link) + (answer.body.length / (125 * mib)) * 1000)
        return answer
      },
      cdn,
    )
  })

  /** What `fetch` does for a guard with this link. */
  async function carry(guard, cdnParty, path) {
    const { link } = guard
    const isCut = () => time.nowMs() < guard.cutUntilMs
    const mute = () => new Promise(() => {})
    const luck = random.next()
    if (luck < link.lost / 2) throw new TypeError('fetch failed')
    await go(latency(link), cdnParty)
    if (isCut() || luck < link.lost) return mute()
    const answer = await all[guard.edge].get(path, `${guard.address}, 192.0.2.1`)
    const bytes = answer.body.length + headerBytes(answer)
    await go(latency(link) + (bytes / link.bytesASecond) * 1000, guard.party)
    if (isCut()) return mute()
    guard.counts.requests++
    guard.counts.bytes += bytes
    return answer
  }

  return { counts, shield, edges: all, carry }
}

/** As HTTP/1.1 writes them; the request about as many. */
function headerBytes({ headers }) {
  let bytes = 17
  for (const [name, value] of Object.entries(headers)) bytes += name.length + String(value).length + 4
  return bytes
}
