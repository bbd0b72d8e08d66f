import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Key } from 'latchkey/token'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openSigningKeys, type SigningKeysOptions } from '../../src/signing-keys/signing-keys.js'
import { openStore } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'
import { createTestDatabase, type TestDatabase } from './test-store.js'

const one = 'one-secret-of-thirty-two-bytes-or-more'
const two = 'two-secret-of-thirty-two-bytes-or-more'

let folder: string
let database: TestDatabase
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
  database = await createTestDatabase(folder)
  store = await openStore(database.storeOptions)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const open = (options: Partial<SigningKeysOptions> = {}) => openSigningKeys({ store, secret: one, ...options })
const kids = (keys: { verifyKeys(): readonly Key[] }) => keys.verifyKeys().map(({ kid }) => kid)
const rows = () => store.db.selectFrom('signing_keys').selectAll().execute()
async function refusal(options: Partial<SigningKeysOptions> = {}) {
  const before = await rows()
  const error = await open(options).then(
    () => expect.unreachable(),
    (reason) => reason,
  )
  expect(error.name).toBe('StartError')
  expect(error.message).not.toContain(options.secret ?? '\0')
  expect(await rows()).toEqual(before)
  return error.reason
}

describe('an empty store', () => {
  it('gets two keys: one signs at once, the other is published and has not signed', async () => {
    const keys = await open()
    const found = await rows()
    expect(found).toHaveLength(2)
    expect(found.filter(({ sign_from }) => sign_from !== null).map(({ kid }) => kid)).toEqual([
      keys.signingKey(store.now()).kid,
    ])
    expect(keys.publicJwks().keys.map(({ kid }) => kid)).toEqual(kids(keys))
  })

  it('gets one set of keys, whoever starts at the same moment', async () => {
    const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../dist/${name}`, import.meta.url)))
    const program = `
      import { openStore } from ${module('store/open-store.js')}
      import { openSigningKeys } from ${module('signing-keys/signing-keys.js')}
      const store = await openStore(${JSON.stringify(database.storeOptions)})
      const keys = await openSigningKeys({ store, secret: '${one}' })
      console.log(keys.signingKey(store.now()).kid)
      await store.close()`
    const runs = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
      })
      return new Promise((resolve) => child.on('close', () => resolve(out.trim())))
    })
    const found = new Set(await Promise.all(runs))
    expect([...found]).toEqual([(await open()).signingKey(store.now()).kid])
    expect(await rows()).toHaveLength(2)
  })
})

describe('a store that has keys', () => {
  it('gives the same ones at the next start', async () => {
    const before = await open()
    const after = await open()
    expect(kids(after)).toEqual(kids(before))
  })

  it('keeps their algorithm, whatever new ones would have', async () => {
    await open()
    expect((await open({ algorithm: 'HS256' })).verifyKeys().map(({ alg }) => alg)).toEqual(['EdDSA', 'EdDSA'])
  })

  it('is not opened with another secret', async () => {
    await open()
    expect(await refusal({ secret: two })).toBe('secret_wrong')
  })

  it('is opened by either of two secrets while they change, and by neither that is too short', async () => {
    await open({ secret: one })
    await open({ secret: `${two},${one}` })
    await open({ secret: `${one},${two}` })
    expect(await refusal({ secret: `${two},short` })).toBe('secret_too_short')
    expect(await refusal({ secret: 'x'.repeat(31) })).toBe('secret_too_short')
  })

  it('is not opened when the master key is gone, and makes none', async () => {
    await open()
    await store.transaction((t) => t.deleteFrom('meta').execute())
    expect(await refusal()).toBe('keys_damaged')
  })

  it('is not opened when a sealed key was changed, or put into the place of another', async () => {
    await open()
    const [first, second] = await rows()
    if (!first || !second) return expect.unreachable()
    const seal = (kid: string, sealed: Buffer) =>
      store.transaction((t) => t.updateTable('signing_keys').set({ private: sealed }).where('kid', '=', kid).execute())
    await seal(first.kid, second.private)
    expect(await refusal()).toBe('keys_damaged')
    for (const at of [0, 1, 13, first.private.length - 1]) {
      const changed = Buffer.from(first.private)
      changed[at] = (changed[at] as number) ^ 1
      await seal(first.kid, changed)
      expect(await refusal()).toBe('keys_damaged')
    }
    await seal(first.kid, Buffer.alloc(3))
    expect(await refusal()).toBe('keys_damaged')
    await seal(first.kid, first.private)
    await open()
  })
})

describe('a secret that changes', () => {
  it('is rewrapped by one row: then the new one opens the keys alone, and the old one no more', async () => {
    const before = await open({ secret: one })
    const sealed = await rows()
    await (await open({ secret: `${two},${one}` })).rewrap()
    expect(await rows()).toEqual(sealed)
    expect(kids(await open({ secret: two }))).toEqual(kids(before))
    expect(await refusal({ secret: one })).toBe('secret_wrong')
  })

  it('is not rewrapped under one that is not given, nor by one that does not open it', async () => {
    const keys = await open({ secret: one })
    await keys.rewrap()
    await expect(openSigningKeys({ store, secret: `${two},${two}` })).rejects.toMatchObject({ reason: 'secret_wrong' })
  })
})

describe('which key signs', () => {
  const set = (values: { sign_from?: number | null; sign_until?: number; verify_until?: number }, kid: string) =>
    store.transaction((t) => t.updateTable('signing_keys').set(values).where('kid', '=', kid).execute())

  it('is the one with the greatest start that is not to come', async () => {
    const keys = await open()
    const [a, b] = kids(keys) as [string, string]
    const now = store.now()
    await set({ sign_from: now - 100 }, a)
    await set({ sign_from: now + 10 }, b)
    await keys.reload()
    expect([keys.signingKey(now + 9).kid, keys.signingKey(now + 10).kid]).toEqual([a, b])
    expect(kids(keys)).toHaveLength(2)
  })

  it('is none, and busy, when every one has ended; what it signed is verified until that ends too', async () => {
    const keys = await open()
    const [a, b] = kids(keys) as [string, string]
    const now = store.now()
    await set({ sign_from: now - 100, sign_until: now, verify_until: now + 100 }, a)
    await set({ sign_from: now - 200, sign_until: now - 100, verify_until: now }, b)
    await keys.reload()
    expect(() => keys.signingKey(now)).toThrow(expect.objectContaining({ code: 'busy', status: 503 }))
    expect(keys.verifyKeys().map(({ kid }) => kid)).toEqual([a])
    expect(keys.publicJwks().keys.map(({ kid }) => kid)).toEqual([a])
  })

  it.each([[600], [20]])('is busy when the keys were not read for half of %d seconds', async (keyLeadSeconds) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const keys = await open({ keyLeadSeconds })
    const sign = () => keys.signingKey(store.now())
    vi.advanceTimersByTime(keyLeadSeconds * 500 - 100)
    expect(sign).not.toThrow()
    vi.advanceTimersByTime(200)
    expect(sign).toThrow(expect.objectContaining({ code: 'busy', status: 503 }))
    keys.confirm()
    expect(sign).not.toThrow()
  })
})

it('a shared secret is never in the key set', async () => {
  const keys = await open({ algorithm: 'HS256' })
  expect(keys.publicJwks()).toEqual({ keys: [], keys_version: 0 })
  expect(keys.verifyKeys()).toHaveLength(2)
})
