/** Hints in refusals: what to do, for developers alone. */
import { createAuth } from 'latchkey'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { audience, claims, headerOf, issuer, keys, now, rawSigner } from './fixtures.js'

const key = keys.EdDSA
const sign = rawSigner(key)
const make = (changed: object = {}) => sign(JSON.stringify(headerOf(key)), JSON.stringify({ ...claims, ...changed }))
const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }

let nowMs = now * 1000
function refusalOf(environment: string | undefined, authorizations: (string | undefined)[]): Record<string, unknown> {
  vi.stubEnv('NODE_ENV', environment)
  const auth = createAuth({ keys: key, issuer, audience, clock: () => nowMs })
  let body = '{}'
  for (const authorization of authorizations) {
    const lines = authorization === undefined ? [] : [authorization]
    const decision = auth.decide({ method: 'GET', url: '/', authorization: lines, ...absent }, need)
    body = decision.status === undefined ? '{}' : decision.body
    nowMs += 7_200_000
  }
  nowMs = now * 1000
  return JSON.parse(body)
}
afterEach(() => void vi.unstubAllEnvs())

const refused: [string, (string | undefined)[], string][] = [
  [
    'another audience',
    [`Bearer ${make({ aud: 'billing' })}`],
    'Issued for audience "billing", this service is "orders"',
  ],
  ['a refresh token', [`Bearer lkr_${'A'.repeat(96)}`], 'This is a refresh token'],
  ['no token', [undefined], 'Log in at POST /v1/token'],
  ['a token that was good before', [`Bearer ${make()}`, `Bearer ${make()}`], 'Expired 0 seconds ago: refresh it'],
]

describe.each(refused)('a refusal of %s', (_, authorizations, hint) => {
  it('says what to do with NODE_ENV=development', () => {
    expect(refusalOf('development', authorizations).hint).toContain(hint)
  })

  it.each([undefined, 'production', 'test', 'Development'])('says nothing of it with NODE_ENV=%s', (environment) => {
    const { hint: none, ...rest } = refusalOf(environment, authorizations)
    expect(none).toBeUndefined()
    const { hint: _, ...same } = refusalOf('development', authorizations)
    expect(rest).toEqual(same)
  })
})
