import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Cached, createTokenCache, type TokenCache } from './token-cache.js'

interface Numbered extends Cached {
  readonly number: number
}

/** It is taken in the second time. */
function keep(cache: TokenCache<Numbered>, token: string, number: number): void {
  for (let i = 0; i < 2; i++) set(cache, token, number)
}

const set = (cache: TokenCache<Numbered>, token: string, number: number) =>
  cache.set(token, { text: token, isLine: false, number })

describe('the cache of verified tokens', () => {
  it('answers only for exactly the token that was stored', () => {
    const cache = createTokenCache<Numbered>(100)
    const signature = 's'.repeat(43)
    keep(cache, `a.b.${signature}`, 1)
    expect(cache.get(`a.b.${signature}`)?.number).toBe(1)
    expect(cache.get(`a.x.${signature}`)).toBeUndefined()
    expect(cache.get(`a.b.x${signature.slice(1)}`)).toBeUndefined()
    expect(cache.get(`a.b.${signature.slice(1)}x`)).toBeUndefined()
  })

  it('keeps no more entries than it may', () => {
    const cache = createTokenCache<Numbered>(100)
    for (let i = 0; i < 10_000; i++) keep(cache, `token ${i}`, i)
    const kept = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => cache.get(`token ${i}`) !== undefined)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThanOrEqual(100)
    expect(kept.at(-1)).toBe(9999)
  })

  it('keeps fewer entries when they are long: 2 KiB each on average', () => {
    const cache = createTokenCache<Numbered>(100)
    const long = 'x'.repeat(8000)
    for (let i = 0; i < 1000; i++) keep(cache, long + i, i)
    const kept = Array.from({ length: 1000 }, (_, i) => i).filter((i) => cache.get(long + i) !== undefined)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length * long.length).toBeLessThanOrEqual(100 * 2048)
  })

  /** An entry takes twice its text and 950 bytes beside. */
  const ofBytes = (bytes: number, name: string) => name.padStart((bytes - 950) / 2, '.')
  /** Which are there once all have come; for each a cache of its own, since asking keeps what is asked for. */
  const keptOf = (entries: number, tokens: readonly string[]) =>
    tokens.filter((wanted) => {
      const cache = createTokenCache<Numbered>(entries)
      for (const token of tokens) keep(cache, token, 1)
      return cache.find(wanted) !== undefined
    })
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

  it.each([
    ['entries', 6, names, ['a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'defg']],
    ['bytes', 8, names.map((name) => ofBytes(4096, name)), ['a', 'ab', 'abc', 'abcd', 'cde', 'cdef', 'efg']],
  ])('forgets the older half when the newer one is full of %s', (_, entries, tokens, expected) => {
    const after = tokens.map((_, last) => keptOf(entries, tokens.slice(0, last + 1)).map((token) => token.at(-1)))
    expect(after.map((kept) => kept.join(''))).toEqual(expected)
  })

  it('keeps none that would fill more than half of it, and forgets nothing for it', () => {
    const tokens = [ofBytes(8192, 'half'), ofBytes(8194, 'more'), 'short']
    expect(keptOf(8, tokens)).toEqual([tokens[0], 'short'])
  })

  it('keeps what is asked for while others pass through', () => {
    const cache = createTokenCache<Numbered>(100)
    keep(cache, 'wanted', 7)
    for (let i = 0; i < 1000; i++) {
      keep(cache, `token ${i}`, i)
      expect(cache.get('wanted')?.number).toBe(7)
    }
  })

  it('takes a token in when it comes a second time, and what is used once pushes nothing out', () => {
    const cache = createTokenCache<Numbered>(100)
    keep(cache, 'wanted', 7)
    const once = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(43, '0'))
    for (const signature of once) set(cache, `t.${signature}`, 1)
    expect(cache.get('wanted')?.number).toBe(7)
    expect(once.filter((signature) => cache.get(`t.${signature}`) !== undefined)).toEqual([])
    const last = once.at(-1) as string
    set(cache, `t.${last}`, 1)
    expect(cache.get(`t.${last}`)?.number).toBe(1)
  })

  it('takes in all that come in turns, though the marks of some stand in one place', () => {
    for (const [entries, count] of [
      [50_000, 1_000],
      [50_000, 20_000],
      [100, 40],
    ] as const) {
      const cache = createTokenCache<Numbered>(entries)
      const tokens = Array.from(
        { length: count },
        (_, i) => `t.${createHash('sha256').update(`${i}`).digest('base64url')}`,
      )
      const isMissed = (token: string) => cache.get(token) === undefined
      for (let turn = 0; turn < 50; turn++) for (const token of tokens.filter(isMissed)) set(cache, token, turn)
      expect(tokens.filter(isMissed)).toEqual([])
    }
  })

  it('counts what it found and what it did not', () => {
    const counts = { hits: 0, misses: 0 }
    const cache = createTokenCache<Numbered>(100, counts)
    cache.get('t.s')
    keep(cache, 't.s', 1)
    for (let i = 0; i < 3; i++) cache.get('t.s')
    cache.get('u.s')
    expect(counts).toEqual({ hits: 3, misses: 2 })
  })

  it('keeps nothing when it may keep nothing', () => {
    const counts = { hits: 0, misses: 0 }
    const cache = createTokenCache<Numbered>(0, counts)
    keep(cache, 't', 1)
    expect(cache.get('t')).toBeUndefined()
    expect(counts).toEqual({ hits: 0, misses: 0 })
  })
})
