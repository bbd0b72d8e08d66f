/** Asks our strict verifier and its peers about the same tokens, and puts each difference into a class. */
import { LatchkeyError } from 'latchkey'
import { importKey, type Key } from 'latchkey/token'
import { audience, claims, issuer, now } from '../fixtures.js'
import { edwardsJwk, ellipticJwk, secretJwk } from '../fuzz/fixed-keys.js'
import { type PlainRules, plainKey, ruleAgainst } from '../fuzz/plain-token.js'
import { createRandom } from '../fuzz/random.js'
import { createTargets, type Target } from '../fuzz/targets.js'
import { makeToken } from './make-token.js'
import { createPeers, type Peer, type PeerName, peerNames } from './peers.js'
import { reasons, refusals } from './reasons.js'

export interface Comparison {
  readonly ran: number
  /** How many all three accepted, and how many all refused. */
  readonly allAccept: number
  readonly allRefuse: number
  /** By class and library: how many tokens it accepts that we refuse. */
  readonly theyAccept: ReadonlyMap<string, Readonly<Record<PeerName, number>>>
  /** By code and library: how many tokens it refuses that we accept. */
  readonly weAccept: ReadonlyMap<string, number>
  /** How many tokens of each kind were made, and how many of them we accepted. */
  readonly kinds: ReadonlyMap<string, { made: number; accepted: number }>
  /** What nobody gave a reason for, one line each. */
  readonly unclassified: readonly string[]
}

interface Contest {
  readonly target: Target
  readonly rules: PlainRules
  readonly peers: Readonly<Record<PeerName, Peer>>
}

export interface CompareOptions {
  readonly count: number
  readonly seed: number
  /** Told now and then how many tokens were compared. */
  report?(ran: number): void
}

const maxUnclassified = 20
const atOnce = 16
const reportEvery = 100_000

export async function compare({ count, seed, report }: CompareOptions): Promise<Comparison> {
  const contests = await createContests()
  // Secrets are quick, so they come more often.
  const pool = contests.flatMap((contest) => Array<Contest>(contest.target.key.symmetric ? 6 : 2).fill(contest))
  const random = createRandom(seed)
  const theyAccept = new Map<string, Record<PeerName, number>>()
  const weAccept = new Map<string, number>()
  const kinds = new Map<string, { made: number; accepted: number }>()
  const unclassified: string[] = []
  let [allAccept, allRefuse, ran] = [0, 0, 0]
  while (ran < count && unclassified.length < maxUnclassified) {
    // Several at once: jose waits for other threads.
    await Promise.all(Array.from({ length: Math.min(atOnce, count - ran) }, () => compareOne(ran++)))
    if (ran % reportEvery < atOnce) report?.(ran)
  }
  return { ran, allAccept, allRefuse, theyAccept, weAccept, kinds, unclassified }

  async function compareOne(number: number): Promise<void> {
    const { target, rules, peers } = random.pick(pool)
    const { kind, token } = makeToken(random, target)
    const say = (what: string) =>
      unclassified.push(`${what}: ${kind}, ${target.alg}, seed ${seed}, number ${number}: ${token.slice(0, 1500)}`)
    const ours = ourRefusal(target, token, say)
    const row = kinds.get(kind) ?? { made: 0, accepted: 0 }
    kinds.set(kind, { made: row.made + 1, accepted: row.accepted + (ours === undefined ? 1 : 0) })
    const theirs = await Promise.all(peerNames.map(async (name) => [name, await peers[name](token)] as const))
    const different = theirs.filter(([, code]) => (code === undefined) !== (ours === undefined))
    if (different.length === 0 && ours === undefined) allAccept += 1
    if (different.length === 0 && ours !== undefined) allRefuse += 1
    for (const [peer, code] of different) {
      if (ours === undefined) noteRefusal(peer, code as string, say)
      else noteAcceptance(peer, ruleAgainst(token, rules), say)
    }
  }

  function noteRefusal(peer: PeerName, code: string, say: (what: string) => void): void {
    const known = refusals.find((one) => one.peer === peer && one.code === code)
    if (known) weAccept.set(`${peer}: ${code}`, (weAccept.get(`${peer}: ${code}`) ?? 0) + 1)
    else say(`we accept, ${peer} refuses as ${code}`)
  }

  function noteAcceptance(peer: PeerName, rule: ReturnType<typeof ruleAgainst>, say: (what: string) => void): void {
    if (rule === undefined || !reasons[rule]?.peers.includes(peer)) {
      say(`${peer} accepts, we refuse, by the rule "${rule}"`)
      return
    }
    const row = theyAccept.get(rule) ?? { jose: 0, 'fast-jwt': 0 }
    theyAccept.set(rule, { ...row, [peer]: row[peer] + 1 })
  }
}

/** The code of our refusal; undefined when we accept. */
function ourRefusal({ cached, uncached }: Target, token: string, say: (what: string) => void): string | undefined {
  const codes = [uncached, cached].map(({ verify }) => {
    try {
      verify(token)
      return undefined
    } catch (error) {
      if (error instanceof LatchkeyError) return error.code
      say(`threw ${error}`)
      return 'threw'
    }
  })
  if (codes[0] !== codes[1]) say(`the cache says ${codes[1]}, without it ${codes[0]}`)
  return codes[0]
}

async function createContests(): Promise<readonly Contest[]> {
  const [secret, edwards, elliptic] = [secretJwk, edwardsJwk, ellipticJwk].map(importKey) as [Key, Key, Key]
  const groups = [[secret], [edwards, elliptic]]
  const jwks = [[secretJwk], [edwardsJwk, ellipticJwk]]
  const targets = await createTargets([secret, edwards, elliptic])
  return (
    await Promise.all(
      groups.map(async (keys, at) => {
        const peers = await createPeers(keys)
        const rules = { keys: (jwks[at] ?? []).map(plainKey), issuer, audience, now }
        return targets
          .filter(({ key }) => keys.includes(key))
          .map((target) => ({ target: { ...target, tokens: fixedTokens(target) }, rules, peers }))
      }),
    )
  ).flat()
}

/** The same in every run, but for signatures by ES256, which hold a random number. */
function fixedTokens({ header, sign }: Target): readonly string[] {
  return Array.from({ length: 40 }, (_, i) =>
    sign(JSON.stringify(header), JSON.stringify({ ...claims, sub: `user-${i}`, gen: i })),
  )
}
