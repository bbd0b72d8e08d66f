import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashArgon2id, recommendedCost } from '../../src/accounts/argon2id.js'
import { createHashingQueue } from '../../src/accounts/hashing-queue.js'
import { register } from '../../src/accounts/register.js'
import { createSecretHashing } from '../../src/accounts/secret-hashing.js'
import { operator } from '../../src/audit/actor.js'
import type { SecretHashing } from '../../src/client-types/client-type.js'
import { createClientTypes } from '../../src/client-types/index.js'
import { createPasswordChoice } from '../../src/client-types/password-choice.js'
import type { Store } from '../../src/store/store.js'
import { openTestStore } from './test-store.js'

const account = 'ann@example.org'
const secret = 'a long passphrase'
const cheap = { memoryKib: 1024, passes: 1, lanes: 1 }

let folder: string
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-email-'))
  store = await openTestStore(folder)
  await register(
    { store, clientTypes: clientTypes(cheap) },
    { type: 100, account, secret, nickname: 'ann' },
    'user',
    operator,
  )
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const hashing = (cost: typeof cheap) => createSecretHashing({ queue: createHashingQueue(), cost })
const passwords = createPasswordChoice({ issuer: 'https://id.example', breachedPasswordsFile: undefined })
const clientTypes = (cost: typeof cheap) => createClientTypes({ store, hashing: hashing(cost), passwords })
const email = (with_: SecretHashing) => createClientTypes({ store, hashing: with_, passwords }).get(100)
const stored = () => store.db.selectFrom('identities').select(['secret_hash', 'secret_form']).executeTakeFirstOrThrow()

describe('a login under settings that rose', () => {
  it('leaves a hash of the new cost, and the next one changes nothing', async () => {
    const before = await stored()
    expect(before.secret_form).toBe('argon2id:1024:1:1')
    const { verify } = email(hashing(recommendedCost))
    expect((await verify({ account, secret })).identity).toEqual({ uid: 1, role: 'user', epoch: 1 })
    const after = await stored()
    expect(after.secret_form).toBe('argon2id:19456:2:1')
    expect(after.secret_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect((await verify({ account, secret })).identity).toBeDefined()
    expect(await stored()).toEqual(after)
  })

  it('changes nothing when the secret was wrong', async () => {
    const before = await stored()
    const { verify } = email(hashing(recommendedCost))
    expect((await verify({ account, secret: 'another passphrase' })).identity).toBeUndefined()
    expect(await stored()).toEqual(before)
  })

  it('does not bring an old password back that was changed meanwhile', async () => {
    const real = hashing(recommendedCost)
    const changed = await hashArgon2id(Buffer.from('the new passphrase'), recommendedCost)
    const { verify } = email({
      ...real,
      // The password changes between the check of the old one and its new hash.
      async hash(text) {
        await store.transaction((t) => t.updateTable('identities').set({ secret_hash: changed }).execute())
        return real.hash(text)
      },
    })
    await verify({ account, secret })
    expect((await stored()).secret_hash).toBe(changed)
  })

  it('lets the login through when there is no room to hash again', async () => {
    const real = hashing(recommendedCost)
    const queue = createHashingQueue()
    const full = createSecretHashing({ queue })
    const held: (() => void)[] = []
    const busy = Array.from({ length: 102 }, () => queue.run(() => new Promise<void>((resolve) => held.push(resolve))))
    const { verify } = email({ ...real, hash: full.hash })
    expect((await verify({ account, secret })).identity).toBeDefined()
    expect((await stored()).secret_form).toBe('argon2id:1024:1:1')
    while (held.length > 0) {
      held.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(busy)
  })
})

describe('a secret', () => {
  it.each([
    ['trimmed', 'a long passphrase '],
    ['in another case', 'A long passphrase'],
    ['cut', 'a long passphras'],
    ['with a NUL behind it', 'a long passphrase\0'],
  ])('%s is wrong', async (_, wrong) => {
    expect((await email(hashing(cheap)).verify({ account, secret: wrong })).identity).toBeUndefined()
  })

  it('is taken as it came: composed and decomposed letters are two passwords', async () => {
    const form = { type: 100, account: 'jose@example.org', secret: 'jose\u0301 passphrase', nickname: 'jose' }
    await register({ store, clientTypes: clientTypes(cheap) }, form, 'user', operator)
    const { verify } = email(hashing(cheap))
    expect((await verify(form)).identity).toBeDefined()
    expect((await verify({ ...form, secret: 'jos\u00e9 passphrase' })).identity).toBeUndefined()
  })

  it('of a form that this server does not know or pay is right for nobody', async () => {
    for (const secret_hash of [
      null,
      '',
      'pbkdf2:sha256:1000$a$b',
      '$argon2id$v=19$m=4194304,t=9,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYQ',
    ]) {
      await store.transaction((t) => t.updateTable('identities').set({ secret_hash }).execute())
      expect((await email(hashing(cheap)).verify({ account, secret })).identity).toBeUndefined()
    }
  })
})
