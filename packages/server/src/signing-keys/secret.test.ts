import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../store/open-store.js'
import type { Store } from '../store/store.js'
import { openSigningKeys } from './signing-keys.js'

const given = 'a-secret-of-thirty-two-bytes-or-more'

let dataFolder: string
let store: Store
const secretFile = () => join(dataFolder, 'secret')
beforeEach(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'latchkey-secret-'))
  store = await openStore({ dataFolder })
})
afterEach(async () => {
  await store.close()
  rmSync(dataFolder, { recursive: true })
})

const open = (secret?: string) => openSigningKeys({ store, secret })
const rows = () => store.db.selectFrom('signing_keys').selectAll().execute()
async function refusal(secret?: string) {
  const before = await rows()
  const error = await open(secret).then(
    () => expect.unreachable(),
    (reason) => reason,
  )
  expect(error.name).toBe('StartError')
  expect(await rows()).toEqual(before)
  return error.reason
}

describe('the secret of an empty folder', () => {
  it('is made in a file: 32 random bytes for its owner alone, and nothing beside it', async () => {
    await open()
    expect(statSync(secretFile()).mode & 0o777).toBe(0o600)
    expect(Buffer.from(readFileSync(secretFile(), 'utf8').trim(), 'base64url')).toHaveLength(32)
    expect(readdirSync(dataFolder).filter((name) => name.startsWith('secret'))).toEqual(['secret'])
  })

  it('is not made where one is given', async () => {
    await open(given)
    expect(existsSync(secretFile())).toBe(false)
  })
})

describe('the secret in the environment', () => {
  it('may have white space around it, as files bring it', async () => {
    await open(given)
    await open(`${given}\n`)
    await open(` another-secret-of-thirty-two-bytes-or-more , ${given} `)
  })
})

describe('a folder that has keys', () => {
  it('is cleared of a draft that somebody left who was stopped while it was made', async () => {
    await open()
    writeFileSync(`${secretFile()}.0123456789abcdef`, readFileSync(secretFile()))
    await open()
    expect(readdirSync(dataFolder).filter((name) => name.startsWith('secret'))).toEqual(['secret'])
  })

  it('is not opened with bytes that are no text, all of which would be one secret', async () => {
    await open()
    writeFileSync(secretFile(), Buffer.alloc(40, 0xff))
    expect(await refusal()).toBe('secret_missing')
  })

  it('is not opened when the file of the secret is gone, and makes none anew', async () => {
    await open()
    rmSync(secretFile())
    expect(await refusal()).toBe('secret_missing')
    expect(existsSync(secretFile())).toBe(false)
  })

  it('is not opened with another secret, given or in the file', async () => {
    await open()
    expect(await refusal(given)).toBe('secret_wrong')
    writeFileSync(secretFile(), given)
    expect(await refusal()).toBe('secret_wrong')
    writeFileSync(secretFile(), 'cut')
    expect(await refusal()).toBe('secret_too_short')
    writeFileSync(secretFile(), 'secret'.repeat(6))
    expect(await refusal()).toBe('secret_weak')
    expect(await refusal('a'.repeat(40))).toBe('secret_weak')
  })

  it('holds nothing beside the secret that signs in the clear', async () => {
    const keys = await open()
    const secrets = [readFileSync(secretFile(), 'utf8').trim(), ...keys.verifyKeys().map((key) => key.toPrivateJwk().d)]
    const files = readdirSync(dataFolder).filter((name) => name.startsWith('latchkey.db'))
    for (const name of files) {
      const text = readFileSync(join(dataFolder, name), 'latin1')
      for (const secret of secrets as string[]) {
        expect([name, text.includes(secret)]).toEqual([name, false])
        expect([name, text.includes(Buffer.from(secret, 'base64url').toString('latin1'))]).toEqual([name, false])
      }
    }
  })
})
