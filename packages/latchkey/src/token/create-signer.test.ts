import { describe, expect, it } from 'vitest'
import { createSigner, type SignerOptions, type TokenSubject } from './create-signer.js'
import { createVerifier } from './create-verifier.js'
import { generateKey, importKey } from './key.js'

const key = generateKey('HS256')
const now = 1_800_000_000
const options: SignerOptions = {
  ...{ key, issuer: 'https://id.example', audience: 'orders', ttlSeconds: 60, clock: () => now * 1000 },
}
const subject: TokenSubject = { uid: '7', clientType: 100, scopes: ['order:read'], sid: 'A'.repeat(22), gen: 3 }
const { issue } = createSigner(options)
const { verify } = createVerifier({ keys: key, issuer: options.issuer, audience: 'orders', clock: () => now * 1000 })

/** The whole message. */
const refuses = (attempt: () => unknown, message: string) => expect(attempt).toThrow(new TypeError(message))

describe('a signer', () => {
  it.each<[object, string]>([
    [{ ttl: 60 }, 'createSigner has no "ttl"'],
    [{ issuer: '' }, 'issuer must be a text that is not empty'],
    [{ issuer: 'https://\ud800' }, 'issuer must be well-formed Unicode'],
    [{ audience: '' }, 'audience must be a text that is not empty'],
    [{ audience: ['orders', ''] }, 'audience must be a text that is not empty'],
    [{ audience: [] }, 'audience must be a text or a list of texts'],
    [{ audience: { length: 1 } }, 'audience must be a text or a list of texts'],
    [{ ttlSeconds: 0 }, 'ttlSeconds must be a whole number from 1 to 2592000'],
    [{ ttlSeconds: 2_592_001 }, 'ttlSeconds must be a whole number from 1 to 2592000'],
  ])('is not made with %j', (change, message) => {
    const attempt = () => createSigner({ ...options, ...change } as SignerOptions)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(message)
  })

  it('is not made with a key that cannot sign', () => {
    const message = ({ kid }: { kid: string }) => `The key ${kid} cannot sign: it is public, or its key_ops say so`
    const pair = generateKey('EdDSA')
    const verifying = importKey({ ...key.toPrivateJwk(), key_ops: ['verify'] })
    refuses(() => createSigner({ ...options, key: pair.toPublicJwk() }), message(pair))
    refuses(() => createSigner({ ...options, key: verifying }), message(verifying))
  })

  it.each<[object, string]>([
    [{ role: 'admin' }, 'issue has no "role"'],
    [{ uid: '' }, 'uid must be a text that is not empty'],
    [{ uid: '\udfff' }, 'uid must be well-formed Unicode'],
    [{ clientId: '' }, 'clientId must be a text that is not empty'],
    [{ clientId: '\udfff' }, 'clientId must be well-formed Unicode'],
    [{ uid: 7 }, 'uid must be a text that is not empty'],
    [{ clientType: 1.5 }, 'clientType must be a whole number from 0 to 2147483646'],
    [{ clientType: -1 }, 'clientType must be a whole number from 0 to 2147483646'],
    [{ gen: 2 ** 31 - 1 }, 'gen must be a whole number from 0 to 2147483646'],
    [{ gen: -1 }, 'gen must be a whole number from 0 to 2147483646'],
    [{ scopes: ['order:read order:write'] }, 'scopes must be a list of'],
    [{ scopes: 'order:read' }, 'scopes must be a list of'],
    [{ scopes: ['order:read', 'order'] }, 'scopes must be a list of'],
    [{ scopes: Array(1) }, 'scopes must be a list of'],
    [{ sid: 7 }, 'sid must be 128 bits in base64url'],
    [{ sid: 'A'.repeat(21) }, 'sid must be 128 bits in base64url'],
    [{ sid: 'A'.repeat(23) }, 'sid must be 128 bits in base64url'],
    [{ sid: `${'A'.repeat(21)}B` }, 'sid must be 128 bits in base64url'],
    [{ sid: `${'A'.repeat(21)}+` }, 'sid must be 128 bits in base64url'],
    [{ sid: Array(22).fill('A') }, 'sid must be 128 bits in base64url'],
    [{ audience: [] }, 'audience must be a text or a list of texts'],
    [{ audience: ['\ud800'] }, 'audience must be well-formed Unicode'],
    [{ notAfter: new Date(now * 1000) }, 'notAfter must lie in the future'],
    [{ notAfter: now + 60 }, 'A moment must be a Date after 1970'],
    [{ authenticatedAt: new Date(-1000) }, 'A moment must be a Date after 1970'],
    [{ authenticatedAt: new Date(Number.NaN) }, 'A moment must be a Date after 1970'],
  ])('issues nothing for %j', (change, message) => {
    const attempt = () => issue({ ...subject, ...change } as TokenSubject)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(message)
  })

  it('never lets a token outlive notAfter', () => {
    expect(verify(issue({ ...subject, notAfter: new Date((now + 10) * 1000) })).claims.exp).toBe(now + 10)
    expect(verify(issue({ ...subject, notAfter: new Date((now + 90) * 1000) })).claims.exp).toBe(now + 60)
  })

  it('gives every token another jti', () => {
    const seen = new Set(Array.from({ length: 1000 }, () => verify(issue(subject)).claims.jti))
    expect(seen.size).toBe(1000)
  })

  it('issues up to the greatest counters, and from 1970 on', () => {
    const counters = { gen: 2 ** 31 - 2, clientType: 2 ** 31 - 2 }
    const { claims } = verify(issue({ ...subject, ...counters, authenticatedAt: new Date(0) }))
    expect(claims).toMatchObject({ gen: counters.gen, client_type: counters.clientType, auth_time: 0 })
  })

  it('issues nothing by a clock that tells no time', () => {
    for (const time of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      const { issue } = createSigner({ ...options, clock: () => time })
      expect(() => issue(subject)).toThrow('The time in seconds that clock answers must be a whole number')
    }
  })

  it('issues no token that would be too long with any signature, and every shorter one', () => {
    const lengthOf = (uid: number) => issue({ ...subject, uid: 'x'.repeat(uid) }).length
    const message = 'A token is at most 8192 characters long'
    let longest = 5000
    while (longest < 7000) {
      try {
        lengthOf(longest + 1)
      } catch (error) {
        expect(error).toEqual(new TypeError(message))
        break
      }
      longest++
    }
    // Of HS256 it has 43 characters, of others 86, with the dot before it 87.
    const most = 8192 - 87 + 44
    expect(lengthOf(longest)).toBeLessThanOrEqual(most)
    expect(lengthOf(longest)).toBeGreaterThan(most - 2)
    expect(verify(issue({ ...subject, uid: 'x'.repeat(longest) })).user.uid).toHaveLength(longest)
  })
})
