/** Rows 13 and 14 of the threat list: texts made to fill memory, and many texts for one token. */
import { createAuth } from 'latchkey'
import { verifyCompact } from 'latchkey/jws'
import { createSigner, createVerifier } from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import {
  all,
  audience,
  claims,
  clock,
  encode,
  headerOf,
  issuer,
  keys,
  rawSigner,
  refusalOf,
  textSigner,
} from './fixtures.js'
import { heapGrowth } from './heap.js'
import { otherTexts } from './other-texts.js'
import { issue, key, need, statusOf, subject, verify } from './threats.js'

describe('row 13: texts made to fill memory', () => {
  const huge = (bytes: number) => {
    const [header, payload, signature] = issue(subject).split('.') as [string, string, string]
    const filler = 'A'.repeat(bytes)
    return {
      dots: '.'.repeat(bytes),
      header: `${filler}.${payload}.${signature}`,
      payload: `${header}.${filler}.${signature}`,
      signature: `${header}.${payload}.${filler}`,
      spaces: ' '.repeat(bytes),
      brackets: '['.repeat(bytes),
    }
  }

  it.each(Object.keys(huge(0)) as (keyof ReturnType<typeof huge>)[])(
    'refuses 1 MB of %s 10,000 times in 5 MB',
    (kind) => {
      const text = huge(1_000_000)[kind]
      const growth = heapGrowth(() => {
        for (let i = 0; i < 10_000; i++) if (refusalOf(() => verify(text)) === undefined) expect.fail('accepted')
      })
      expect(growth).toBeLessThan(5_000_000)
      for (const attempt of [() => verify(text), () => verifyCompact(text, key)])
        expect(refusalOf(attempt)).toBe('token_invalid')
      expect(statusOf(`Bearer ${text}`)).toBe(401)
    },
  )

  it('needs no longer for 8 MB than for 9 KB', () => {
    const time = (bytes: number) => {
      const texts = Object.values(huge(bytes))
      let best = Infinity
      for (let round = 0; round < 7; round++) {
        const began = performance.now()
        for (let i = 0; i < 300; i++) for (const text of texts) refusalOf(() => verify(text))
        best = Math.min(best, performance.now() - began)
      }
      return best
    }
    time(9000)
    expect(time(8_000_000)).toBeLessThan(time(9000) * 5)
  })

  it('accepts a token of 8,192 characters at the most', () => {
    const sign = rawSigner(key)
    const ofLength = (length: number) => {
      for (let size = 5800; size < 6200; size++) {
        const token = sign(JSON.stringify(headerOf(key)), JSON.stringify({ ...claims, x: 'x'.repeat(size - 400) }))
        if (token.length >= length) return token
      }
      throw new Error('no such length')
    }
    const longest = ofLength(8190)
    expect(longest.length).toBeLessThanOrEqual(8192)
    expect(verify(longest).user.uid).toBe('7')
    const longer = ofLength(8193)
    expect(refusalOf(() => verify(longer))).toBe('token_invalid')
    expect(refusalOf(() => verifyCompact(longer, key))).toBe('token_invalid')
  })
})

describe('row 14: many texts for one token', () => {
  it.each(all)(
    'refuses a header or payload with changed unused bits, padding or a space that %s itself has signed',
    (alg) => {
      const signature = textSigner(keys[alg])
      const checks = createVerifier({ keys: keys[alg], issuer, audience, clock })
      const next = (letter: string) => String.fromCharCode(letter.charCodeAt(0) + 1)
      // One text of each length modulo 3, so that two, four or no bits are unused.
      for (const x of ['', ' ', '  ']) {
        const header = encode(JSON.stringify(headerOf(keys[alg])).replace('{', `{${x}`))
        const payload = encode(JSON.stringify(claims).replace('{', `{${x}`))
        const right = `${header}.${payload}`
        expect(checks.verify(`${right}.${signature(right)}`).user.uid).toBe('7')
        for (const spoil of [
          (part: string) => `${part}=`,
          (part: string) => `${part} `,
          (part: string) => part.slice(0, -1) + next(part.at(-1) as string),
        ]) {
          for (const input of [`${spoil(header)}.${payload}`, `${header}.${spoil(payload)}`]) {
            expect(
              refusalOf(() => checks.verify(`${input}.${signature(input)}`)),
              input,
            ).toBe('token_invalid')
            if (!input.startsWith(header)) continue
            // Whoever looks at bytes alone would take these for the same.
            const same = Buffer.from(input.split('.')[1] as string, 'base64url').equals(
              Buffer.from(payload, 'base64url'),
            )
            if (same)
              expect(
                refusalOf(() => verifyCompact(`${input}.${signature(input)}`, keys[alg])),
                input,
              ).toBe('token_invalid')
          }
        }
      }
    },
  )

  it.each(all)('takes one text of a token of %s, by Bearer and by Basic', (alg) => {
    const own = createAuth({ keys: keys[alg], issuer, clock })
    const signer = createSigner({ key: keys[alg], issuer, audience: issuer, ttlSeconds: 60, clock })
    const token = signer.issue(subject)
    const ask = (authorization: string) => {
      const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined }
      return own.decide({ method: 'GET', url: '/', authorization: [authorization], preflight: false, ...absent }, need)
    }
    const basic = (text: string) => `Basic ${Buffer.from(`${text}:`).toString('base64')}`
    expect([ask(`Bearer ${token}`).status, ask(basic(token)).status]).toEqual([undefined, undefined])
    for (const [name, text] of otherTexts(token)) {
      // More spaces after the scheme are the scheme's, not the token's (RFC 9110 section 11.4).
      if (!/^ /.test(text)) expect([name, ask(`Bearer ${text}`).status === undefined]).toEqual([name, false])
      expect([name, ask(basic(text)).status === undefined]).toEqual([name, false])
    }
  })
})
