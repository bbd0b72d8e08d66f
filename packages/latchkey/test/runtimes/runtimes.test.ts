/** The built token core in Node, Bun and Deno: the same verdict on every published vector and on thousands of mutated tokens. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { audience, clock, issuer } from '../fixtures.js'
import { createRandom } from '../fuzz/random.js'
import { mutateSigned } from '../fuzz/signed-mutants.js'
import { createTargets } from '../fuzz/targets.js'
import { mutateText } from '../fuzz/text-mutants.js'
import { makeVariant } from '../fuzz/variants.js'
import { runtimes } from './find-runtimes.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('verify-all.mjs', import.meta.url))
const vectors = join(
  process.env.TEST_VECTORS ?? fileURLToPath(new URL('../../../../../shared/vectors', import.meta.url)),
  'c2sp-wycheproof',
)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-runtimes-'))
const file = join(folder, 'all.json')
let expected: { texts: string[]; tokens: string[] }
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(async () => {
  const targets = await createTargets()
  const random = createRandom(7)
  const verifiers = targets.map(({ siblings }) => ({
    keys: siblings.map(({ key }) => (key.symmetric ? key.toPrivateJwk() : key.toPublicJwk())),
    ...{ issuer, audience, cacheEntries: 0, nowMs: clock() },
  }))
  const tokens = targets.flatMap((target, by) => [
    ...target.tokens.map((token) => ({ token, by })),
    ...Array.from({ length: 500 }, () => ({
      token: random.pick([mutateText, mutateSigned, makeVariant])(random, target).token,
      by,
    })),
  ])
  const texts = readVectors()
  writeFileSync(file, JSON.stringify({ texts: texts.map(({ text, keys }) => ({ text, keys })), tokens, verifiers }))
  expected = {
    texts: texts.map(({ isAccepted }) => (isAccepted ? 'accepted' : 'refused')),
    tokens: tokens.map(({ token, by }) => {
      try {
        ;(targets[by] as (typeof targets)[0]).uncached.verify(token)
        return 'accepted'
      } catch (error) {
        return (error as { code: string }).code
      }
    }),
  }
  console.log(`${texts.length} vectors, ${tokens.length} tokens in each runtime`)
}, 300_000)

/** Every JWS and JWE of Wycheproof; none where they are not at hand. */
function readVectors(): { text: string; keys: unknown; isAccepted: boolean }[] {
  if (!existsSync(vectors)) {
    if (process.env.TEST_VECTORS) throw new Error(`There is no ${vectors}`)
    console.warn(`SKIPPED Wycheproof in Bun and Deno: there is no ${vectors}`)
    return []
  }
  const read = (path: string) => JSON.parse(readFileSync(join(vectors, path), 'utf8'))
  const rules: [string, { tcIds: number[] }][] = Object.entries(read('product-expectations.json').acceptExactly)
  return rules.flatMap(([name, { tcIds }]) =>
    read(`testvectors_v1/${name}`).testGroups.flatMap((group: Record<string, unknown>) =>
      (group.tests as { tcId: number; jws?: string; jwe?: string }[]).map(({ tcId, jws, jwe }) => ({
        ...{ text: jws ?? (jwe as string), keys: group.public ?? group.private, isAccepted: tcIds.includes(tcId) },
      })),
    ),
  )
}

it.each(runtimes(`--allow-read`, '--allow-env'))(
  'says the same in $name',
  async ({ command, words }) => {
    const { stdout } = await run(command, [...words, script, file], { timeout: 100_000, maxBuffer: 1e8 })
    const found = JSON.parse(stdout) as typeof expected
    expect(found.texts.map((code) => (code === 'accepted' ? code : 'refused'))).toEqual(expected.texts)
    expect(found.texts.filter((code) => !['accepted', 'token_invalid', 'TypeError'].includes(code))).toEqual([])
    expect(found.tokens).toEqual(expected.tokens)
    expect(new Set(found.tokens)).toEqual(new Set(['accepted', 'token_invalid', 'token_expired']))
  },
  120_000,
)
