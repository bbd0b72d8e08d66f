/**
 * No token has the id of another, whichever process of one key issued it. `npm run token-ids -w @latchkey/server` compares a
 * million; the suite thirty thousand.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openSigningKeys } from '../src/signing-keys/signing-keys.js'
import { openStore } from '../src/store/open-store.js'
import { temporaryFolder } from './server.js'
import { startProcess } from './start-process.js'

const count = Number(process.env.TOKEN_IDS ?? 30_000)
const program = fileURLToPath(new URL('token-ids/issue-tokens.mjs', import.meta.url))
const folder = temporaryFolder()
const dataFolder = join(folder, 'data')
const each = Math.ceil(count / 3)

/** The ids of so many tokens of one process, one after the other. */
async function issue(file: string, kid: string): Promise<Buffer> {
  const words = [program, dataFolder, String(each), join(folder, file)]
  const { ended, output } = startProcess(process.execPath, words, { folder })
  expect([await ended, output]).toEqual([0, { out: `${kid}\n`, error: '' }])
  return readFileSync(join(folder, file))
}

it(`${count} tokens of three processes have as many ids, and every bit of them is random`, {
  timeout: 600_000,
}, async () => {
  const store = await openStore({ dataFolder })
  const { kid } = (await openSigningKeys({ store })).signingKey(store.now())
  await store.close()
  const written = await Promise.all(['one', 'two', 'three'].map((file) => issue(file, kid)))
  const ids = new Set<string>()
  const ones = new Array<number>(128).fill(0)
  for (const bytes of written) {
    expect(bytes.length).toBe(16 * each)
    for (let at = 0; at < bytes.length; at += 16) {
      ids.add(bytes.toString('latin1', at, at + 16))
      for (let bit = 0; bit < 128; bit++) {
        ones[bit] = (ones[bit] as number) + (((bytes[at + (bit >> 3)] as number) >> (bit & 7)) & 1)
      }
    }
  }
  expect(ids.size).toBe(3 * each)
  // Six standard deviations: a good generator fails this once in four million runs.
  const allowed = 3 * Math.sqrt(3 * each)
  expect(ones.filter((many) => Math.abs(many - (3 * each) / 2) > allowed)).toEqual([])
  console.log(`${ids.size} tokens of 3 processes of one key: as many ids`)
})
