/**
 * Verifies tokens with a long list of revocations and with an empty one, in turns. Usage:
 * verify-beside-revocations.mjs REVOCATIONS ROUNDS TOKENS
 *
 * It prints how many tokens a second each verifier takes, by kind of work; and whether a revoked token is refused by the one
 * and taken by the other.
 */
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { createRevocationList, createSigner, createVerifier, generateKey } from 'latchkey/token'

const [revocations, rounds, count] = process.argv.slice(2).map(Number)
const [issuer, audience] = ['https://id.example', 'orders']
const newSid = () => randomBytes(16).toString('base64url')
const expiresAt = Math.floor(Date.now() / 1000) + 7200
const lists = { long: createRevocationList(), empty: createRevocationList() }
for (let i = 0; i < revocations; i += 10_000) {
  const length = Math.min(10_000, revocations - i)
  lists.long.apply(Array.from({ length }, () => ({ kind: 's', id: newSid(), min: 2 ** 31 - 1, expiresAt })))
}
const repeatedTokens = 1000
/** No two verifications are given the same text, as no two requests have it. */
const fresh = (tokens) => tokens.map((token) => Buffer.from(token, 'latin1').toString('latin1'))
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const works = ['HS256', 'EdDSA'].flatMap((algorithm) => [
  { name: `${algorithm}, every token new, cache off`, algorithm, cacheEntries: 0, isRepeated: false },
  { name: `${algorithm}, every token new, cache as it is`, algorithm, isRepeated: false },
  { name: `${algorithm}, ${repeatedTokens} tokens again and again`, algorithm, isRepeated: true },
])
const results = []
for (const { name, algorithm, isRepeated, ...options } of works) {
  const key = generateKey(algorithm)
  const signer = createSigner({ key, issuer, audience, ttlSeconds: 7200 })
  const issue = (sid = newSid()) => signer.issue({ uid: '7', clientType: 100, scopes: ['order:read'], sid, gen: 0 })
  const make = (list) => createVerifier({ keys: [key], issuer, audience, revocations: list, ...options })
  const verifiers = { long: make(lists.long), empty: make(lists.empty) }
  const known = Array.from({ length: repeatedTokens }, () => issue())
  const tokensOfRound = () => (isRepeated ? known : Array.from({ length: count }, () => issue()))
  const perSecond = { long: [], empty: [] }
  const ratios = []
  // The first rounds do not count: code that has run little is slow.
  for (let round = -Math.ceil(rounds / 5); round < rounds; round++) {
    const tokens = tokensOfRound()
    const rates = {}
    // The first of the two finds cold what the second finds warm: each is first every second round.
    const turns = round % 2 === 0 ? ['long', 'empty'] : ['empty', 'long']
    for (const which of turns) rates[which] = measure(verifiers[which], fresh(tokens))
    if (round < 0) continue
    for (const which of turns) perSecond[which].push(rates[which])
    ratios.push(rates.long / rates.empty)
  }
  const sid = newSid()
  lists.long.apply([{ kind: 's', id: sid, min: 1, expiresAt }])
  const token = issue(sid)
  const rates = { long: median(perSecond.long), empty: median(perSecond.empty) }
  const seen = { accepted: outcome(verifiers.empty, token), refused: outcome(verifiers.long, token) }
  results.push({ name, ...rates, ratio: rates.long / rates.empty, ratioOfRounds: median(ratios), ...seen })
}
console.log(JSON.stringify(results))

/** Tokens a second. So few at once that most turns are over before somebody else gets the core. */
function measure({ verify }, tokens) {
  const began = performance.now()
  for (const token of tokens) verify(token)
  return (tokens.length / (performance.now() - began)) * 1000
}

function outcome({ verify }, token) {
  try {
    verify(token)
    return 'verified'
  } catch (error) {
    return error.code
  }
}
