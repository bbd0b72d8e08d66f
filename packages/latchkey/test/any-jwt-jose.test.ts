/** The same tokens at a guard for another issuer and at jose with the same key set: what we accept, jose accepts. */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyOptions, jwtVerify } from 'jose'
import { createAuth } from 'latchkey'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asAlgorithm, type ForeignKeyPair, foreignAlgorithms, makeKeyPair } from './any-jwt/foreign-keys.js'
import { type OwnIssuer, startOwnIssuer } from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { audience, clock, hmacSigner, now } from './fixtures.js'
import { createRandom, type Random } from './fuzz/random.js'

const count = 800
const seed = 11
const named = foreignAlgorithms.map((alg) => makeKeyPair(alg))
const nameless = makeKeyPair('RS256', 'without alg')
const strangers = foreignAlgorithms.map((alg) => makeKeyPair(alg))
const signers = [...named, nameless, asAlgorithm(nameless, 'PS256'), asAlgorithm(named[0] as ForeignKeyPair, 'PS256')]
let issuer: OwnIssuer
let set: JSONWebKeySet
beforeAll(async () => {
  const { alg: _, ...withoutAlg } = nameless.publicJwk
  set = { keys: [...named.map(({ publicJwk }) => publicJwk), withoutAlg] } as JSONWebKeySet
  issuer = await startOwnIssuer(set.keys)
})
afterAll(() => issuer.close())

/** Most of what is picked is right, so that many tokens are accepted. */
function pickOr<Right>(random: Random, right: Right, others: readonly unknown[]): unknown {
  return random.chance(0.93) ? right : random.pick(others)
}

function makeToken(random: Random): string {
  const pair = random.pick(random.chance(0.9) ? signers : strangers)
  const header = {
    alg: pickOr(random, pair.alg, [...foreignAlgorithms, 'none', 'HS256', 'RS512', undefined]),
    kid: pickOr(random, pair.kid, [undefined, ...named.map(({ kid }) => kid), 'unknown', '', 7]),
    typ: pickOr(random, 'at+jwt', ['JWT', 'jwt', undefined, 'logout+jwt', 7]),
    ...(random.chance(0.05) && { crit: random.pick([['exp'], [], ['b64'], 'exp']) }),
    ...(random.chance(0.05) && { b64: random.pick([true, false]) }),
    ...(random.chance(0.05) && { jwk: pair.publicJwk, jku: issuer.url }),
  }
  const moment = (right: number) =>
    pickOr(random, right, [now, now - 1, now + 1, String(now + 9), null, 1e300, undefined])
  const claims = {
    iss: pickOr(random, issuer.url, [`${issuer.url}/`, [issuer.url], undefined, 7]),
    aud: pickOr(random, audience, [[audience, 'bills'], ['bills'], [], 'bills', undefined, [[audience]]]),
    sub: pickOr(random, 'ann', ['', 7, undefined]),
    exp: moment(now + 600),
    ...(random.chance(0.5) && { iat: moment(now) }),
    ...(random.chance(0.3) && { nbf: moment(now) }),
    ...(random.chance(0.1) && { scope: random.pick(['order:read', ['order:read'], null]) }),
  }
  const text = JSON.stringify(claims)
  const payload = random.chance(0.95)
    ? text
    : random.pick([text.replace('{', '{"sub":"eve",'), `${text} `, `[${text}]`])
  const token = pair.sign(header, payload)
  return random.chance(0.85) ? token : spoil(random, token)
}

function spoil(random: Random, token: string): string {
  const [header, rest, signature] = token.split('.') as [string, string, string]
  const input = `${header}.${rest}`
  const at = random.below(token.length)
  return random.pick([
    () => token.slice(0, at) + random.pick([...'Ab9-_ =.']) + token.slice(at + 1),
    () => token + random.pick(['=', ' ', '\n', '.', 'A', '']),
    () => `${input}.`,
    () => `${input}.${hmacSigner('HS256', JSON.stringify(nameless.publicJwk))(input)}`,
    () => `${input}.${Buffer.concat([Buffer.from([0]), Buffer.from(signature, 'base64url')]).toString('base64url')}`,
    () => token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1),
  ])()
}

/** Where several keys fit an unnamed one, jose leaves it to the caller to try each, as here. */
async function joseAccepts(token: string, rules: JWTVerifyOptions): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet(set), rules)
    return true
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return false
    for await (const key of error) {
      const accepted = await jwtVerify(token, key, rules).then(
        () => true,
        () => false,
      )
      if (accepted) return true
    }
    return false
  }
}

it(`accepts none of ${count} generated tokens that jose refuses`, async () => {
  const auth = createAuth({ server: issuer.url, profile: 'any-jwt', audience, clock })
  await auth.ready()
  const rules = {
    ...{ issuer: issuer.url, audience, algorithms: [...foreignAlgorithms] },
    ...{ requiredClaims: ['sub', 'exp'], currentDate: new Date(now * 1000) },
  }
  const random = createRandom(seed)
  const counts = { both: 0, neither: 0, onlyJose: 0 }
  for (let i = 0; i < count; i++) {
    const token = makeToken(random)
    const byUs = verdictOf(auth, token)
    const byJose = await joseAccepts(token, rules)
    if (byUs === 'user' && !byJose) expect.fail(`jose refuses number ${i} of seed ${seed}: ${token}`)
    counts[byUs === 'user' ? 'both' : byJose ? 'onlyJose' : 'neither'] += 1
  }
  await auth.close()
  console.log(`${count} tokens, seed ${seed}: ${JSON.stringify(counts)}`)
  expect(counts.both).toBeGreaterThan(count / 8)
  expect(counts.neither).toBeGreaterThan(count / 4)
})
