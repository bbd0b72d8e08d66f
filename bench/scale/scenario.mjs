/** One run: guards follow a server through a CDN while sessions are revoked, and are asked about the tokens of these. */
import { createSigner, generateKey } from 'latchkey/token'
import { ask, createGuards, kindNames, planBadSeconds } from './guards.mjs'
import { createNetwork } from './network.mjs'
import { createOrigins } from './origin.mjs'
import { createRandom } from './random.mjs'
import { createFeedStore } from './store.mjs'
import { cpuMs, createParty } from './virtual-time.mjs'

const issuer = 'https://id.example'
/** When a guard is asked about a session that was revoked, beside each time that it has read something. */
const askedAfterMs = [100, 400, 700, 1_000, 1_300, 2_000]
const freshMs = 1_000

/**
 * `revocationsASecond`; `guards`; `edges`; `seconds` that are measured, after `warmUpSeconds`; `cdn`: `tailSeconds`, what a
 * rule of the CDN keeps the last page for, `collapseOnly`, that it answers all who wait with one; `pagesEveryMs`: the server
 * answers at such moments alone; `openTransactionMs`; `historyRows` before all; `startWithinMs`: when guards start.
 */
export async function runScenario(time, options) {
  const { revocationsASecond, guards: count, edges = 4, seconds, warmUpSeconds = 3.5, probesASecond = 4 } = options
  const { cdn = {}, pagesEveryMs = 0, openTransactionMs = 0, historyRows = 20_000, startWithinMs = 3_000 } = options
  const random = createRandom(options.seed ?? 1)
  const key = generateKey('EdDSA')
  const store = createFeedStore(time, random, { revocationsASecond, historyRows, pagesEveryMs })
  const origins = await createOrigins(time, { count: 2, issuer, store, publicJwk: key.toPublicJwk() })
  const network = createNetwork(time, random, { origins, edges, cdn })
  const cdnParty = createParty('cdn')
  const uninstall = time.install((url, { signal }) =>
    fetchVirtually(network, time.party().guard, cdnParty, url, signal),
  )
  const outside = createParty('outside')
  try {
    const guards = createGuards(time, random, { count, edges, issuer, startWithinMs })
    const [fromMs, toMs] = [warmUpSeconds * 1000, (warmUpSeconds + seconds) * 1000]
    const seen = createSeen(guards)
    const afterEvent = (party) => party.kind === 'guard' && party.guard.open.size > 0 && seen.look(time, party.guard)
    await time.runUntil(fromMs, afterEvent)
    const before = takeCounts(network, store, guards, origins)
    time.as(outside, () => planBadSeconds(time, random, guards, fromMs, toMs))
    if (openTransactionMs > 0) time.at(fromMs + 500, () => store.openTransaction(openTransactionMs), outside)
    planProbes({ time, random, store, guards, seen, key, outside, fromMs, toMs, probesASecond })
    await time.runUntil(toMs, afterEvent)
    const after = takeCounts(network, store, guards, origins)
    store.end(toMs + Math.max(...askedAfterMs))
    // What was revoked last has its seconds, too.
    await time.runUntil(toMs + Math.max(...askedAfterMs) + 6_000, afterEvent)
    for (const { auth } of guards) await auth?.close()
    const startedMs = guards.map(({ readyMs, beganMs }) => readyMs - beganMs)
    return { ...options, ...difference(after, before), before, startedMs, ...seen.summary() }
  } finally {
    uninstall()
  }
}

function fetchVirtually(network, guard, cdnParty, url, signal) {
  const path = url.slice(issuer.length)
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    network.carry(guard, cdnParty, path).then(({ status, headers, body }) => {
      resolve(new Response(body, { status, headers }))
    }, reject)
  })
}

function planProbes({ time, random, store, guards, seen, key, outside, fromMs, toMs, probesASecond }) {
  const issuedMs = time.epochMs - 2_700_000
  const signer = createSigner({ key, issuer, audience: ['orders'], ttlSeconds: 7200, clock: () => issuedMs })
  for (let atMs = fromMs; atMs < toMs; atMs += 1000 / probesASecond) {
    const sid = random.sid()
    const token = signer.issue({ uid: '1', clientType: 100, scopes: [], sid, gen: 0 })
    // At any moment of the guards' turns and the server's.
    time.at(
      atMs + random.next() * (1000 / probesASecond),
      () => {
        const revokedMs = store.revoke(sid)
        time.at(revokedMs, () => seen.begin({ sid, token, revokedMs }), outside)
        for (const guard of guards) {
          for (const ms of askedAfterMs)
            time.at(revokedMs + ms, () => seen.check(time, guard, { token, revokedMs }), guard.party)
        }
      },
      outside,
    )
  }
}

function createSeen(guards) {
  const refusedAfterMs = new Map(kindNames.map((kind) => [kind, []]))
  const asked = {
    checks: 0,
    fresh: 0,
    lagging: 0,
    unusable: 0,
    acceptedLate: 0,
    acceptedLateFresh: 0,
    tooYoung: 0,
    tooYoungMs: 0,
    other: 0,
  }
  let probes = 0
  return {
    begin(probe) {
      probes++
      for (const guard of guards) guard.open.add(probe)
    },
    look(time, guard) {
      for (const probe of guard.open) {
        if (ask(guard, probe.token).outcome !== 'refused') continue
        guard.open.delete(probe)
        refusedAfterMs.get(guard.kind).push(time.nowMs() - probe.revokedMs)
      }
    },
    check(time, guard, { token, revokedMs }) {
      const began = cpuMs()
      const { outcome, ageMs } = ask(guard, token)
      // What following costs is counted, not what is asked here.
      guard.party.cpuMs -= cpuMs() - began
      const sinceMs = time.nowMs() - revokedMs
      asked.checks++
      if (outcome === 'unusable') asked.unusable++
      else if (ageMs <= freshMs) asked.fresh++
      else asked.lagging++
      if (outcome !== 'accepted' && outcome !== 'refused' && outcome !== 'unusable') asked.other++
      if (outcome !== 'accepted') return
      if (sinceMs >= freshMs) {
        asked.acceptedLate++
        if (ageMs <= freshMs) asked.acceptedLateFresh++
      }
      // A copy of that age would hold the row.
      if (ageMs < sinceMs) {
        asked.tooYoung++
        asked.tooYoungMs = Math.max(asked.tooYoungMs, sinceMs - ageMs)
      }
    },
    summary() {
      const neverRefused = guards.reduce((sum, { open }) => sum + open.size, 0)
      return { probes, neverRefused, refusedAfterMs: Object.fromEntries(refusedAfterMs), asked }
    },
  }
}

function takeCounts(network, store, guards, origins) {
  const sum = (list, pick) => list.reduce((total, one) => total + pick(one), 0)
  return {
    guardRequests: sum(guards, ({ counts }) => counts.requests),
    guardBytes: sum(guards, ({ counts }) => counts.bytes),
    guardCpuMs: sum(guards, ({ party }) => party.cpuMs),
    edgeRequests: sum(network.edges, ({ counts }) => counts.requests),
    shieldRequests: network.shield.counts.requests,
    originRequests: network.counts.origin,
    originFinalPages: network.counts.finalPages,
    originCpuMs: sum(origins, ({ party }) => party.cpuMs),
    databaseReads: store.counts.reads,
    databaseRows: store.counts.rows,
  }
}

function difference(after, before) {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]))
}
