import { createHmac, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { algorithms, type HmacAlgorithm } from './algorithms.js'
import { createHmacText } from './hmac.js'

it.each(['HS256', 'HS384', 'HS512'] as const)('%s is that of Node, of secrets and texts of any length', (alg) => {
  const algorithm = algorithms[alg] as HmacAlgorithm
  const { blockBytes } = algorithm
  const text = randomBytes(6000).toString('base64url')
  for (const length of [0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 2 * blockBytes, 4096]) {
    const secret = randomBytes(length)
    const hmac = createHmacText(algorithm, secret)
    const expected = (of: string) => createHmac(algorithm.hash, secret).update(of).digest('base64url')
    for (const end of [0, 1, 500, 1024, 1025, text.length]) {
      expect([length, end, hmac(text, end)]).toEqual([length, end, expected(text.slice(0, end))])
    }
    expect(hmac(text)).toBe(expected(text))
  }
})
