/** The guard of Fastify in the company of other plugins. */
import jwt from '@fastify/jwt'
import fastify, { type FastifyInstance } from 'fastify'
import { currentUser, guard } from 'latchkey/fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { memberOf } from './routes.js'
import { auth, good } from './tokens.js'

const headers = { authorization: `Bearer ${good}` }
let app: FastifyInstance
afterEach(() => app.close())

describe('beside @fastify/jwt, which decorates `user`', () => {
  const addJwt = async () => void (await app.register(jwt, { secret: 'a secret of the other plugin, long enough' }))
  const addGuard = () => {
    app.get('/ours', { onRequest: guard(auth) }, async (request) => [
      currentUser(request).uid,
      memberOf(request) === currentUser(request),
    ])
  }

  it.each([
    ['before', [addJwt, addGuard]],
    ['behind', [addGuard, addJwt]],
  ])('starts when that stands %s it, and each reads its own tokens', async (_, steps) => {
    app = fastify()
    for (const step of steps) await step()
    app.get('/theirs', { onRequest: (request) => request.jwtVerify() }, async (request) => memberOf(request))
    await app.ready()
    expect((await app.inject({ url: '/ours', headers })).json()).toEqual(['7', true])
    const authorization = `Bearer ${app.jwt.sign({ uid: 'theirs' })}`
    expect((await app.inject({ url: '/ours', headers: { authorization } })).statusCode).toBe(401)
    const theirs = await app.inject({ url: '/theirs', headers: { authorization } })
    expect(theirs.json()).toMatchObject({ uid: 'theirs' })
    expect((await app.inject({ url: '/theirs', headers })).statusCode).toBeGreaterThanOrEqual(400)
  })
})

it('runs the hooks of others on a refusal, as on each answer', async () => {
  app = fastify()
  const seen: string[] = []
  app.addHook('onSend', async (_, reply) => {
    reply.header('x-seen', 'yes')
  })
  app.addHook('onResponse', async (_, reply) => void seen.push(`${reply.statusCode}`))
  app.get('/orders', { onRequest: guard(auth) }, async () => 'never')
  const { statusCode, headers: answered, body } = await app.inject('/orders')
  expect([statusCode, answered['x-seen'], answered['content-length']]).toEqual([401, 'yes', `${body.length}`])
  expect(seen).toEqual(['401'])
})

it('names the address that came, where Fastify rewrites it', async () => {
  app = fastify({ rewriteUrl: () => '/orders' })
  app.get('/orders', { onRequest: guard(auth) }, async () => 'never')
  expect((await app.inject('/shop/orders?a=1')).json().request).toBe('GET /shop/orders')
})
