/** What the compiler accepts and refuses. The assertions are checked by `tsc`; here they also run. */
import type { Request as ExpressRequest } from 'express'
import { Hono } from 'hono'
import { type Auth, createAuth, type Decision, defineRoles, LatchkeyError, type User } from 'latchkey'
import * as express from 'latchkey/express'
import * as fastify from 'latchkey/fastify'
import * as hono from 'latchkey/hono'
import * as koa from 'latchkey/koa'
import * as nest from 'latchkey/nest'
import * as node from 'latchkey/node'
import { createSigner, createVerifier, generateKey } from 'latchkey/token'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { issuer, keys, sid } from './fixtures.js'

const roles = defineRoles({
  scopes: ['order:read', 'order:cancel', 'bill:read:any'],
  roles: { user: { allow: ['order:*'], forbid: ['order:cancel'] }, clerk: { extends: ['user'] } },
})
const auth = createAuth({ keys: keys.EdDSA, issuer, roles })
const untyped = createAuth({ keys: keys.EdDSA, issuer })

describe('the scopes of a guard', () => {
  it('are those defined, in every framework, and a misspelling is refused by the compiler and at run time', () => {
    node.guard(auth)
    node.guard(auth, 'order:read', 'bill:read:any')
    node.guard(auth, {
      scopes: ['order:read'],
      anyOf: ['order:cancel'],
      optional: true,
      basic: false,
      maxAgeSeconds: 60,
    })
    express.guard(auth)
    express.guard(auth, 'order:read', 'bill:read:any')
    express.guard(auth, {
      scopes: ['order:read'],
      anyOf: ['order:cancel'],
      optional: true,
      basic: false,
      maxAgeSeconds: 60,
    })
    hono.guard(auth)
    hono.guard(auth, 'order:read', 'bill:read:any')
    hono.guard(auth, {
      scopes: ['order:read'],
      anyOf: ['order:cancel'],
      optional: true,
      basic: false,
      maxAgeSeconds: 60,
    })
    fastify.guard(auth)
    fastify.guard(auth, 'order:read', 'bill:read:any')
    fastify.guard(auth, {
      scopes: ['order:read'],
      anyOf: ['order:cancel'],
      optional: true,
      basic: false,
      maxAgeSeconds: 60,
    })
    koa.guard(auth)
    koa.guard(auth, 'order:read', 'bill:read:any')
    koa.guard(auth, {
      scopes: ['order:read'],
      anyOf: ['order:cancel'],
      optional: true,
      basic: false,
      maxAgeSeconds: 60,
    })
    nest.guard(auth)
    nest.guard(auth, 'order:read', 'bill:read:any')
    nest.guard(auth, {
      scopes: ['order:read'],
      anyOf: ['order:cancel'],
      optional: true,
      basic: false,
      maxAgeSeconds: 60,
    })
    // @ts-expect-error misspelt
    expect(() => node.guard(auth, 'order:raed')).toThrow(TypeError)
    // @ts-expect-error misspelt
    expect(() => express.guard(auth, 'order:read', 'order:wread')).toThrow(TypeError)
    // @ts-expect-error misspelt
    expect(() => hono.guard(auth, { scopes: ['order:raed'] })).toThrow(TypeError)
    // @ts-expect-error misspelt
    expect(() => fastify.guard(auth, 'order:raed')).toThrow(TypeError)
    // @ts-expect-error misspelt
    expect(() => koa.guard(auth, 'order:raed')).toThrow(TypeError)
    // @ts-expect-error misspelt
    expect(() => nest.guard(auth, 'order:raed')).toThrow(TypeError)
    // @ts-expect-error misspelt
    expect(() => node.guard(auth, { anyOf: ['bill:read'] })).toThrow(TypeError)
    // @ts-expect-error a pattern
    expect(() => node.guard(auth, 'order:*')).toThrow(TypeError)
    // @ts-expect-error a list
    expect(() => node.guard(auth, ['order:read'])).toThrow(TypeError)
    // @ts-expect-error both forms at once
    expect(() => node.guard(auth, { scopes: ['order:read'] }, 'order:read')).toThrow(TypeError)
  })

  it('may be any exact scope where none were defined', () => {
    node.guard(untyped, 'anything:goes', 'anything:goes:any')
    express.guard(untyped, 'anything:goes', 'anything:goes:any')
    fastify.guard(untyped, 'anything:goes', 'anything:goes:any')
    koa.guard(untyped, 'anything:goes', 'anything:goes:any')
    nest.guard(untyped, 'anything:goes', 'anything:goes:any')
    hono.guard(untyped, 'anything:goes', 'anything:goes:any')
    expectTypeOf(untyped).toEqualTypeOf<Auth<string>>()
    expect(() => node.guard(untyped, 'anything')).toThrow(TypeError)
  })

  it('are inferred from the definition alone', () => {
    expectTypeOf(auth).toEqualTypeOf<Auth<'order:read' | 'order:cancel' | 'bill:read:any'>>()
    expectTypeOf(auth.scopes).toEqualTypeOf<readonly ('order:read' | 'order:cancel' | 'bill:read:any')[]>()
    expect(auth.scopes).toEqual(['order:read', 'order:cancel', 'bill:read:any'])
  })

  it('make Auth covariant: one that knows less stands where more may be named, and not the other way round', () => {
    const wider: Auth<string> = auth
    const narrow = createAuth({ keys: keys.EdDSA, issuer, roles: defineRoles({ scopes: ['order:read'], roles: {} }) })
    const wide: Auth<'order:read' | 'order:cancel'> = narrow
    // @ts-expect-error a guard that names order:cancel would not be known to it
    const refused: typeof narrow = wide
    expect([wider.scopes.length, refused.scopes.length]).toEqual([3, 1])
  })
})

describe('options', () => {
  it('have no unknown names', () => {
    // @ts-expect-error unknown
    expect(() => node.guard(auth, { scope: ['order:read'] })).toThrow(TypeError)
    // @ts-expect-error unknown
    expect(() => createAuth({ keys: keys.EdDSA, issuer, audiences: [] })).toThrow(TypeError)
    // @ts-expect-error unknown
    expect(() => createVerifier({ keys: keys.EdDSA, issuer, audience: 'a', algorithms: ['EdDSA'] })).toThrow(TypeError)
    // @ts-expect-error unknown
    expect(() => createSigner({ key: keys.EdDSA, issuer, audience: 'a', ttlSeconds: 1, ttl: 1 })).toThrow(TypeError)
    // @ts-expect-error unknown
    expect(() => defineRoles({ scopes: ['order:read'], roles: {}, role: {} })).toThrow(TypeError)
    // @ts-expect-error unknown
    expect(() => defineRoles({ scopes: ['order:read'], roles: { user: { allows: ['order:read'] } } })).toThrow(
      TypeError,
    )
  })

  it('have the right types, and none is missing', () => {
    // @ts-expect-error no list, no pattern
    expect(() => createVerifier({ keys: keys.EdDSA, issuer: /id/, audience: 'a' })).toThrow(TypeError)
    // @ts-expect-error missing
    expect(() => createVerifier({ keys: keys.EdDSA, issuer })).toThrow(TypeError)
    // @ts-expect-error not an algorithm of ours
    expect(() => generateKey('RS256')).toThrow(TypeError)
    // @ts-expect-error a number
    expect(() => node.guard(auth, { maxAgeSeconds: '60' })).toThrow(TypeError)
    const { issue } = createSigner({ key: keys.EdDSA, issuer, audience: 'a', ttlSeconds: 1 })
    // @ts-expect-error a text
    expect(() => issue({ uid: 7, clientType: 100, scopes: [], sid, gen: 0 })).toThrow(TypeError)
    // @ts-expect-error no such code
    expect(() => new LatchkeyError('teapot')).toThrow(TypeError)
  })
})

describe('the user', () => {
  it('is never undefined from currentUser, and read-only', () => {
    for (const { currentUser } of [node, express, fastify, hono, koa, nest]) {
      expectTypeOf(currentUser).returns.toEqualTypeOf<User>()
      expect(() => currentUser({})).toThrow(LatchkeyError)
    }
    expectTypeOf<User['scopes']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<User>().pick<'uid' | 'sid'>().toEqualTypeOf<{ readonly uid: string; readonly sid: string }>()
  })

  it('stands in req.user of Express, where it may be missing, and in the variables of Hono', () => {
    expectTypeOf<ExpressRequest['user']>().toExtend<User | undefined>()
    expectTypeOf<undefined>().toExtend<ExpressRequest['user']>()
    const app = new Hono().get('/', hono.guard(auth, 'order:read'), (c) => {
      expectTypeOf(c.get('user')).toEqualTypeOf<User>()
      return c.text(c.get('user').uid)
    })
    expect(app.routes.length).toBeGreaterThan(0)
  })

  it('or an answer is what a decision holds', () => {
    const tell = (decision: Decision) => {
      if (decision.status === undefined) expectTypeOf(decision.user).toEqualTypeOf<User | undefined>()
      else expectTypeOf(decision.body).toEqualTypeOf<string>()
    }
    expectTypeOf(auth.decide).returns.toEqualTypeOf<Decision>()
    tell({ user: undefined })
  })
})
