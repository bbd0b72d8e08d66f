/** Guards as services have them, `createAuth({ server })`, each with a link and clocks of its own; and who is asked about tokens. */
import { createAuth, errorTable } from 'latchkey'
import { createParty } from './virtual-time.mjs'

const mib = 1024 * 1024
const good = { ms: 4, jitterMs: 2, lost: 0.0005, bytesASecond: 25 * mib }
const slow = { ms: 120, jitterMs: 60, lost: 0.005, bytesASecond: 2.5 * mib }

/** How many of a hundred are of each kind; the rest is as it should be. */
const kinds = [
  { name: 'wrong clock', part: 0.04 },
  { name: 'slow link', part: 0.04 },
  { name: 'paused 5 s', part: 0.02 },
  { name: 'cut off 5 s', part: 0.02 },
]
export const kindNames = ['good', ...kinds.map(({ name }) => name)]

const tokenRevoked = errorTable.token_revoked.errorCode
const need = Object.freeze({ scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Infinity })
const request = {
  ...{ method: 'GET', url: '/orders', host: 'orders.example', origin: undefined },
  ...{ fetchSite: undefined, fetchMode: undefined, preflight: false },
}

export function createGuards(time, random, { count, edges, issuer, startWithinMs }) {
  const guards = []
  for (let number = 0; number < count; number++) {
    const kind = kindOf(number, count)
    const party = createParty('guard', {
      bootedMs: Math.floor(random.next() * 1e9),
      wallAheadMs: (random.next() - 0.5) * 40,
      ...(kind === 'wrong clock' && {
        wallAheadMs: (random.next() - 0.5) * 3_600_000,
        rate: 1 + (random.next() - 0.5) / 2500,
      }),
    })
    const guard = {
      ...{ number, kind, party, edge: number % edges, link: kind === 'slow link' ? slow : good, cutUntilMs: 0 },
      address: `10.${number >> 8}.${number & 255}.1`,
      counts: { requests: 0, bytes: 0 },
      /** Sessions that were revoked and that it was not seen to refuse yet. */
      open: new Set(),
      beganMs: undefined,
      readyMs: undefined,
      auth: undefined,
    }
    party.guard = guard
    time.afterMs(random.next() * startWithinMs, () => begin(time, guard, issuer), party)
    guards.push(guard)
  }
  return guards
}

function kindOf(number, count) {
  let place = (number + 0.5) / count
  for (const { name, part } of kinds) {
    if (place < part) return name
    place -= part
  }
  return 'good'
}

function begin(time, guard, issuer) {
  guard.beganMs = time.nowMs()
  guard.auth = createAuth({ server: issuer, audience: 'orders' })
  guard.auth.ready().then(() => {
    guard.readyMs = time.nowMs()
  })
}

/** What becomes of a token here: accepted, refused as revoked, or 503; and how old the copy says that it is. */
export function ask({ auth }, token) {
  if (auth === undefined) return { outcome: 'unusable', ageMs: undefined }
  const ageMs = auth.status().revocationsAgeMs
  const decision = auth.decide({ ...request, authorization: [`Bearer ${token}`] }, need)
  if (decision.status === undefined) return { outcome: 'accepted', ageMs }
  if (decision.status === 503) return { outcome: 'unusable', ageMs }
  const isRevoked = JSON.parse(decision.body).error_code === tokenRevoked
  return { outcome: isRevoked ? 'refused' : `answered ${decision.status}`, ageMs }
}

/** A guard of each kind that has bad seconds has them once, between these moments. */
export function planBadSeconds(time, random, guards, fromMs, toMs) {
  for (const guard of guards) {
    const atMs = fromMs + random.next() * Math.max(toMs - fromMs - 5_000, 1)
    const { party } = guard
    if (guard.kind === 'paused 5 s') time.at(atMs, () => time.sleep(party, 5_000, guard.number % 2 === 0))
    // Somebody sets it.
    if (guard.kind === 'wrong clock') {
      time.at(atMs, () => {
        party.wallAheadMs += guard.number % 2 === 0 ? 600_000 : -600_000
      })
    }
    if (guard.kind === 'cut off 5 s') {
      time.at(atMs, () => {
        guard.cutUntilMs = time.nowMs() + 5_000
      })
    }
  }
}
