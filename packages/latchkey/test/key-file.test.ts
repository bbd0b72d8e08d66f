/** `createAuth({ keys: 'a path' })`, over real files. */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createAuth } from 'latchkey'
import { createSigner, createVerifier, type Key } from 'latchkey/token'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verdictOf } from './any-jwt/service.js'
import { clock, issuer, keys, sid } from './fixtures.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-key-file-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let written = 0
function write(content: string | Uint8Array): string {
  const path = join(folder, `keys-${written++}.json`)
  writeFileSync(path, content)
  return path
}

const tokenOf = (key: Key) =>
  createSigner({ key, issuer, audience: issuer, ttlSeconds: 60, clock }).issue({
    uid: '7',
    clientType: 100,
    scopes: [],
    sid,
    gen: 0,
  })
const trust = (path: string) => createAuth({ keys: path, issuer, clock })

function messageOf(path: string): string {
  try {
    trust(path)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).cause).toBeUndefined()
    return (error as TypeError).message
  }
  throw new Error(`No exception for ${path}`)
}

describe('a file of keys', () => {
  it('holds a JWK, a list, or a JWK set', () => {
    const [ed, es] = [keys.EdDSA.toPublicJwk(), keys.ES256.toPublicJwk()]
    for (const content of [ed, [ed, es], { keys: [ed, es] }, { keys: [es, ed], more: true }]) {
      expect(verdictOf(trust(write(JSON.stringify(content, null, 2))), tokenOf(keys.EdDSA))).toBe('user')
    }
    expect(verdictOf(trust(write(JSON.stringify(es))), tokenOf(keys.EdDSA))).toMatch(/^401 token_invalid/)
    expect(verdictOf(trust(write(JSON.stringify(keys.HS256.toPrivateJwk()))), tokenOf(keys.HS256))).toBe('user')
  })

  it('may be named from the working folder, and by a link', () => {
    const path = write(JSON.stringify(keys.EdDSA.toPublicJwk()))
    const link = join(folder, 'link.json')
    symlinkSync(path, link)
    for (const name of [relative(process.cwd(), path), link])
      expect(verdictOf(trust(name), tokenOf(keys.EdDSA))).toBe('user')
  })

  it('is read once: what is written later needs a restart', () => {
    const path = write(JSON.stringify(keys.EdDSA.toPublicJwk()))
    const auth = trust(path)
    writeFileSync(path, JSON.stringify(keys.ES256.toPublicJwk()))
    expect(verdictOf(auth, tokenOf(keys.EdDSA))).toBe('user')
    rmSync(path)
    expect(verdictOf(auth, tokenOf(keys.ES256))).toMatch(/^401/)
  })

  it('that is missing or no file is refused, and what may be the key itself is not repeated', () => {
    const notRead = /^keys, given as a text, must be the path of a file that can be read \(\w+\)$/
    for (const path of [
      join(folder, 'missing.json'),
      '',
      'a secret of the shop',
      JSON.stringify(keys.HS256.toPrivateJwk()),
      'a\0b',
      'x'.repeat(9999),
    ]) {
      expect(messageOf(path)).toMatch(notRead)
    }
    expect(messageOf(folder)).toBe(`The file ${folder}, given as keys, must be a file of at most 65536 bytes`)
    const locked = write('{}')
    chmodSync(locked, 0)
    if (process.getuid?.() !== 0) expect(messageOf(locked)).toMatch(/\(EACCES\)$/)
  })

  it('that holds no keys is refused with the reason, and none of its contents', () => {
    const secret = keys.HS256.toPrivateJwk()
    const text = JSON.stringify(secret)
    for (const [content, reason] of [
      ['', 'must be valid JSON'],
      [text.slice(0, -1), 'must be valid JSON'],
      [`-----BEGIN PRIVATE KEY-----\n${secret.k}\n`, 'must be valid JSON'],
      [`\ufeff${text}`, 'must not begin with a byte order mark'],
      [text.replace('{', `{"${secret.k}":1,"${secret.k}":2,`), 'must not be repeated'],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'must be UTF-8'],
      ['null', 'must hold keys'],
      [`"${secret.k}"`, 'must hold keys'],
      ['{}', 'needs "alg"'],
      ['[]', 'at least one key'],
      ['{"keys":[]}', 'at least one key'],
      ['{"keys":{}}', 'has "keys", a list'],
      [JSON.stringify({ ...secret, alg: undefined }), 'needs "alg"'],
      [JSON.stringify({ ...secret, alg: secret.k }), 'needs "alg"'],
      [JSON.stringify({ ...secret, kty: secret.k }), 'must have kty "oct"'],
      [JSON.stringify({ ...secret, k: secret.k?.slice(0, 40) }), 'at least 32 bytes long'],
      [JSON.stringify([secret, secret]), 'must not share a kid'],
      [JSON.stringify([secret, keys.EdDSA.toPublicJwk()]), 'must not stand in one list'],
      [`${text}${' '.repeat(64 * 1024)}`, 'must be a file of at most 65536 bytes'],
    ] as const) {
      const path = write(content)
      const message = messageOf(path)
      expect(message).toContain(reason)
      expect(message).toContain(path)
      expect(message).not.toContain(secret.k?.slice(0, 8))
    }
  })

  it('may be as long as 64 KiB', () => {
    const text = JSON.stringify(keys.EdDSA.toPublicJwk())
    expect(verdictOf(trust(write(text.padEnd(64 * 1024))), tokenOf(keys.EdDSA))).toBe('user')
  })

  it('is for createAuth alone', () => {
    const path = write(JSON.stringify(keys.EdDSA.toPublicJwk()))
    // @ts-expect-error keys themselves
    expect(() => createVerifier({ keys: path, issuer, audience: issuer })).toThrow(TypeError)
    // @ts-expect-error a list of keys themselves
    expect(() => createAuth({ keys: [path], issuer })).toThrow(TypeError)
  })
})
