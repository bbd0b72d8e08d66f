/** Rows 6 to 11 of the threat list: caches, names of keys and claims that made others accept wrong tokens. */
import { createHook } from 'node:async_hooks'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { createSigner, createVerifier, generateKey } from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import { certificateOf } from './certificate.js'
import {
  audience,
  claims,
  clock,
  headerOf,
  issuer,
  keys,
  now,
  rawSigner,
  refusalOf,
  remember,
  sid,
} from './fixtures.js'
import { wrongNotBefore, wrongValues } from './fuzz/broken-claims.js'
import { strangeKids } from './fuzz/signed-mutants.js'
import { expectForged, payload, secrets, verifierOf } from './threats.js'

describe('row 6: a cache that mixes users up', () => {
  it('never answers a token with what it knows of another, whichever parts they share', () => {
    const { verify } = verifierOf(secrets)
    const { issue } = createSigner({ key: keys.HS256, issuer, audience, ttlSeconds: 60, clock })
    const tokens = ['ann', 'bob'].map((uid) => issue({ uid, clientType: 100, scopes: [], sid, gen: 0 }).split('.'))
    for (const token of tokens) remember({ verify }, token.join('.'))
    for (const which of [0b001, 0b010, 0b011, 0b100, 0b101, 0b110]) {
      const mixed = [0, 1, 2].map((part) => tokens[(which >> part) & 1]?.[part]).join('.')
      const own = tokens.map((token) => token.join('.')).indexOf(mixed)
      if (own < 0) expect(refusalOf(() => verify(mixed))).toBe('token_invalid')
      else expect(verify(mixed).user.uid).toBe(['ann', 'bob'][own])
    }
  })
})

describe('row 7: patterns as configuration', () => {
  it('takes no RegExp, list or function as issuer or audience', () => {
    for (const wrong of [/x/, /x/g, ['https://id.example'], () => true, { test: () => true }, '']) {
      expect(() => createVerifier({ keys: keys.EdDSA, issuer: wrong as string, audience })).toThrow(TypeError)
      expect(() => createVerifier({ keys: keys.EdDSA, issuer, audience: wrong as string })).toThrow(TypeError)
    }
  })

  it('gives eight equal answers to the same token', () => {
    const token = rawSigner(keys.HS256)(JSON.stringify(headerOf(keys.HS256)), payload)
    for (const cacheEntries of [0, 10]) {
      const { verify } = verifierOf(secrets, cacheEntries)
      const answers = Array.from({ length: 8 }, () =>
        JSON.stringify([verify(token), refusalOf(() => verify(`${token}x`))]),
      )
      expect(new Set(answers).size).toBe(1)
    }
  })
})

describe('rows 8 and 9: where a key is looked for', () => {
  it('opens nothing for a strange kid or a header that brings or names a key', async () => {
    let connections = 0
    const sink = createServer((socket) => {
      connections += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(sink, 'listening')
    const url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/key`
    const opened: string[] = []
    const hook = createHook({
      init: (_, type) => void (/TCP|UDP|PIPE|FS|GETADDR|PROCESS|TLS/.test(type) && opened.push(type)),
    }).enable()
    const intruder = generateKey('EdDSA')
    const certificate = certificateOf(createPrivateKey({ key: intruder.toPrivateJwk(), format: 'jwk' }))
    for (const key of Object.values(keys)) {
      const sign = rawSigner(key)
      for (const kid of [...strangeKids, url]) {
        expectForged(sign(JSON.stringify({ ...headerOf(key), kid }), payload), [key])
      }
      for (const member of [
        { jwk: intruder.toPublicJwk() },
        { jku: url },
        { x5u: url },
        { x5c: [certificate] },
        { kid: url },
      ]) {
        expectForged(rawSigner(intruder)(JSON.stringify({ ...headerOf(key), alg: 'EdDSA', ...member }), payload), [key])
        expectForged(rawSigner(intruder)(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', ...member }), payload), [key])
      }
    }
    await new Promise((done) => setTimeout(done, 20))
    hook.disable()
    sink.close()
    expect([connections, opened]).toEqual([0, []])
  })

  it('imports nothing that could: of Node, the token core has node:crypto alone', () => {
    const folder = new URL('../dist/token/', import.meta.url)
    const imported = readdirSync(folder)
      .filter((name) => name.endsWith('.js') && !name.includes('.test.'))
      .flatMap((name) => [
        ...readFileSync(new URL(name, folder), 'utf8').matchAll(/^[^*\n]*\b(?:from|import) '([^'.][^']*)'/gm),
      ])
    expect([...new Set(imported.map(([, name]) => name))]).toEqual(['node:crypto'])
  })
})

describe('row 10: claims of a wrong type', () => {
  it.each(Object.keys(wrongValues))('refuses every wrong value of %s, and its absence', (claim) => {
    const sign = rawSigner(keys.HS256)
    const { verify } = verifierOf(secrets)
    for (const value of [...(wrongValues[claim] as string[]), undefined]) {
      const rest = JSON.stringify({ ...claims, [claim]: undefined })
      const text = value === undefined ? rest : `{"${claim}":${value},${rest.slice(1)}`
      const refusal = refusalOf(() => verify(sign(JSON.stringify(headerOf(keys.HS256)), text)))
      expect(refusal, String(value)).toMatch(/^token_(invalid|expired)$/)
    }
  })

  it('refuses every wrong value of nbf, which may be missing', () => {
    const sign = rawSigner(keys.HS256)
    const { verify } = verifierOf(secrets)
    const { length } = JSON.stringify(claims)
    for (const value of wrongNotBefore) {
      const text = `{"nbf":${value},${JSON.stringify(claims).slice(1, length)}`
      const refusal = refusalOf(() => verify(sign(JSON.stringify(headerOf(keys.HS256)), text)))
      expect(refusal, value).toBe('token_invalid')
    }
  })

  it('refuses milliseconds where seconds belong', () => {
    const sign = rawSigner(keys.HS256)
    for (const change of [
      { exp: (now + 60) * 1000 },
      { iat: now * 1000 },
      { iat: now * 1000, exp: (now + 60) * 1000 },
      { nbf: now * 1000 },
    ]) {
      const token = sign(JSON.stringify(headerOf(keys.HS256)), JSON.stringify({ ...claims, ...change }))
      expect(refusalOf(() => verifierOf(secrets).verify(token))).toBe('token_invalid')
    }
  })
})

describe('row 11: issuer and audience compared loosely', () => {
  it('refuses a prefix, a suffix, another case, a trailing slash, a list and nothing', () => {
    const sign = rawSigner(keys.HS256)
    const near = (text: string) => [
      text.slice(0, -1),
      text.slice(1),
      `${text}/`,
      `${text}x`,
      text.toUpperCase(),
      ` ${text}`,
      '',
      '*',
    ]
    const changes = [
      ...[...near(issuer), [issuer], { 0: issuer }].map((iss) => ({ iss })),
      ...[
        ...near(audience),
        ...near(audience).map((one) => [one]),
        [],
        [[audience]],
        { [audience]: true },
        `${audience},x`,
      ].map((aud) => ({ aud })),
    ]
    for (const change of changes) {
      const token = sign(JSON.stringify(headerOf(keys.HS256)), JSON.stringify({ ...claims, ...change }))
      expect(
        refusalOf(() => verifierOf(secrets).verify(token)),
        JSON.stringify(change),
      ).toBe('token_invalid')
    }
  })
})
