import { describe, expect, it } from 'vitest'
import { createTokenCache } from './token-cache.js'

describe('the cache of verified tokens', () => {
  it('answers only for exactly the token that was stored', () => {
    const cache = createTokenCache<number>(100)
    cache.set('a.b.s', 's', 1)
    expect(cache.get('a.b.s', 's')).toBe(1)
    expect(cache.get('a.x.s', 's')).toBeUndefined()
    expect(cache.get('a.b.t', 't')).toBeUndefined()
  })

  it('keeps no more entries than it may', () => {
    const cache = createTokenCache<number>(100)
    for (let i = 0; i < 10_000; i++) cache.set(`t${i}`, `${i}`, i)
    const kept = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => cache.get(`t${i}`, `${i}`) !== undefined)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThanOrEqual(100)
    expect(kept.at(-1)).toBe(9999)
  })

  it('keeps fewer entries when they are long: 2 KiB each on average', () => {
    const cache = createTokenCache<number>(100)
    const long = 'x'.repeat(8000)
    for (let i = 0; i < 1000; i++) cache.set(long + i, `${i}`, i)
    const kept = Array.from({ length: 1000 }, (_, i) => i).filter((i) => cache.get(long + i, `${i}`) !== undefined)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length * long.length).toBeLessThanOrEqual(100 * 2048)
  })

  it('keeps what is asked for while others pass through', () => {
    const cache = createTokenCache<number>(100)
    cache.set('wanted', 'd', 7)
    for (let i = 0; i < 1000; i++) {
      cache.set(`t${i}`, `${i}`, i)
      expect(cache.get('wanted', 'd')).toBe(7)
    }
  })

  it('keeps nothing when it may keep nothing', () => {
    const cache = createTokenCache<number>(0)
    cache.set('t', 't', 1)
    expect(cache.get('t', 't')).toBeUndefined()
  })
})
