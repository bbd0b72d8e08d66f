/** Project Wycheproof: attacks on JWS, JWK and JWE over the public surface, and on the primitives below it. */
import { createPublicKey } from 'node:crypto'
import { Agent, createServer, get } from 'node:http'
import { LatchkeyError } from 'latchkey'
import { readAuthorization } from 'latchkey/http'
import { verifyCompact } from 'latchkey/jws'
import { createVerifier, importKey, type Jwk } from 'latchkey/token'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { algorithms } from '../dist/token/algorithms.js'
import { createHmacText } from '../dist/token/hmac.js'
import { Key } from '../dist/token/key.js'
import { listen } from './guards/apps/listen.js'
import { describeVectors, reportRecords } from './vectors.js'

/** Internal, and so left out of the type declarations. */
const verify = (key: object, text: string, signature: string) =>
  (Key as unknown as { verify(key: object, token: string, signedLength: number): boolean }).verify(
    key,
    `${text}.${signature}`,
    text.length,
  )

const agent = new Agent({ keepAlive: true })
afterAll(() => agent.destroy())

interface Group {
  readonly private?: never
  readonly public?: never
  readonly publicKeyJwk?: Jwk
  readonly publicKeyPem?: string
  readonly tagSize?: number
  readonly tests: readonly Readonly<Record<string, string>>[]
}

/** Runs `attempt`; only the two documented exceptions count as a refusal. */
function accepts(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'token_invalid') return false
    if (error instanceof TypeError && /^(A key|Two keys|Shared secrets|Each key|A verifier)/.test(error.message))
      return false
    throw error
  }
}

describeVectors('Wycheproof', 'c2sp-wycheproof', ({ json }) => {
  const groupsOf = (file: string): readonly Group[] => json(`testvectors_v1/${file}`).testGroups
  const expectations: Record<string, { total: number; tcIds: number[] }> =
    json('product-expectations.json').acceptExactly

  it('has its four JOSE files, 649 records', () => {
    expect(Object.values(expectations).reduce((sum, { total }) => sum + total, 0)).toBe(649)
    expect(Object.keys(expectations)).toHaveLength(4)
  })

  it.each(Object.entries(expectations))('verifyCompact accepts exactly the listed records of %s', (file, expected) => {
    const accepted: number[] = []
    let ran = 0
    for (const group of groupsOf(file)) {
      const keys = group.public ?? group.private
      for (const { tcId, jws, jwe } of group.tests) {
        ran += 1
        const text = jws ?? (jwe as string)
        if (!accepts(() => verifyCompact(text, keys as never))) continue
        accepted.push(Number(tcId))
        expect(Buffer.from(verifyCompact(text, keys as never).payload).toString('base64url')).toBe(text.split('.')[1])
      }
    }
    reportRecords(file, ran, accepted.length)
    expect(ran).toBe(expected.total)
    expect(accepted).toEqual(expected.tcIds)
  })

  it.each(Object.entries(expectations))(
    'a request carries exactly those of %s, by Bearer and by Basic',
    async (file, expected) => {
      let keys: unknown
      const server = createServer(
        { maxHeaderSize: 2 ** 20 },
        ({ headersDistinct: { authorization = [] } }, response) => {
          const credentials = readAuthorization(authorization)
          const isGood = credentials.kind === 'token' && accepts(() => verifyCompact(credentials.token, keys as never))
          response.writeHead(isGood ? 200 : 401).end()
        },
      )
      const { port, close } = await listen(server)
      onTestFinished(close)
      const accepted: Record<string, number[]> = { bearer: [], basic: [] }
      for (const group of groupsOf(file)) {
        keys = group.public ?? group.private
        for (const { tcId, jws, jwe } of group.tests) {
          const text = jws ?? (jwe as string)
          const lines = { basic: `Basic ${Buffer.from(`${text}:`).toString('base64')}`, bearer: `Bearer ${text}` }
          for (const [scheme, line] of Object.entries(lines)) {
            // HTTP itself takes no control characters, and cuts white space off the ends.
            if (!/^[\x20-\x7e]*[\x21-\x7e]$/.test(line)) continue
            if ((await statusOf(port, line)) === 200) accepted[scheme]?.push(Number(tcId))
          }
        }
      }
      expect(accepted).toEqual({ bearer: expected.tcIds, basic: expected.tcIds })
    },
  )

  it.each(Object.keys(expectations))('createVerifier accepts none of %s, since none is an access token', (file) => {
    for (const group of groupsOf(file)) {
      for (const { jws, jwe } of group.tests) {
        const keys = (group.public ?? group.private) as never
        const verify = () => createVerifier({ keys, issuer: 'i', audience: 'a' }).verify(jws ?? (jwe as string))
        expect(accepts(verify)).toBe(false)
      }
    }
  })

  // The messages of these files are arbitrary bytes, which no compact JWS can carry as its signing input: they are run one
  // level below the public surface, where a text of latin1 characters stands for any bytes.
  it.each([
    ['hmac_sha256_test.json', 'HS256', 174],
    ['hmac_sha384_test.json', 'HS384', 174],
    ['hmac_sha512_test.json', 'HS512', 174],
  ] as const)('our HMAC gives the tags of %s', (file, alg, total) => {
    const algorithm = algorithms[alg]
    if (algorithm.kty !== 'oct') throw new Error('no HMAC')
    let ran = 0
    let accepted = 0
    for (const { tests, tagSize } of groupsOf(file)) {
      for (const { tcId, key, msg, tag, result } of tests) {
        ran += 1
        const mac = createHmacText(algorithm, Buffer.from(key as string, 'hex'))(latin1(msg as string))
        const cut = Buffer.from(mac, 'base64url').subarray(0, (tagSize as number) / 8)
        const valid = cut.toString('hex') === tag
        if (valid) accepted += 1
        expect([tcId, valid]).toEqual([tcId, result === 'valid'])
      }
    }
    reportRecords(file, ran, accepted)
    expect(ran).toBe(total)
  })

  it.each([
    ['ed25519_test.json', 'EdDSA', 151],
    ['ecdsa_secp256r1_sha256_p1363_test.json', 'ES256', 262],
  ] as const)('our keys verify exactly the valid signatures of %s', (file, alg, total) => {
    let ran = 0
    let accepted = 0
    for (const { publicKeyJwk, publicKeyPem, tests } of groupsOf(file)) {
      const { kty, crv, x, y } =
        publicKeyJwk ?? (createPublicKey(publicKeyPem as string).export({ format: 'jwk' }) as Jwk)
      const key = importKey({ kty, crv, x, y, alg } as Jwk)
      for (const { tcId, msg, sig, result } of tests) {
        ran += 1
        const signature = Buffer.from(sig as string, 'hex').toString('base64url')
        const valid = verify(key, latin1(msg as string), signature)
        if (valid) accepted += 1
        expect([tcId, valid]).toEqual([tcId, result === 'valid'])
      }
    }
    reportRecords(file, ran, accepted)
    expect(ran).toBe(total)
  })
})

function statusOf(port: number, authorization: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent, headers: { authorization } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    }).once('error', reject)
  })
}

function latin1(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1')
}
