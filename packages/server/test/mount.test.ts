/** The login routes inside an application of each framework, guards beside them, and nothing of the application touched. */
import { createServer, type Server } from 'node:http'
import { serve } from '@hono/node-server'
import { NotFound } from '@latchkey/query'
import { Body, Controller, Get, HttpCode, Module, Post, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { User } from 'latchkey'
import * as forExpress from 'latchkey/express'
import * as forFastify from 'latchkey/fastify'
import * as forHono from 'latchkey/hono'
import * as forKoa from 'latchkey/koa'
import * as forNest from 'latchkey/nest'
import * as forNode from 'latchkey/node'
import { beforeAll, describe, expect, it } from 'vitest'
import { useEmbedded } from './embedded.js'
import { ann, ask, postJson, secret } from './server.js'

const embedded = useEmbedded()

/** What a handler does that finds no row. */
function findNothing(): never {
  throw new NotFound('there is no such order')
}

const applications: Record<string, () => Promise<string>> = {
  Express: async () => {
    const app = express()
    app.use(forExpress.mount(embedded.latchkey))
    app.use(express.json())
    app.get('/orders', forExpress.guard(embedded.latchkey), (req, res) => {
      res.json({ for: forExpress.currentUser(req).uid })
    })
    app.get('/missing', findNothing)
    app.post('/echo', (req, res) => {
      res.json(req.body)
    })
    return embedded.start(createServer(app))
  },
  Fastify: async () => {
    const app = fastify()
    app.addHook('onRequest', forFastify.mount(embedded.latchkey))
    app.get('/orders', { onRequest: forFastify.guard(embedded.latchkey) }, async (request) => ({
      for: forFastify.currentUser(request).uid,
    }))
    app.get('/missing', async () => findNothing())
    app.post('/echo', async ({ body }) => body)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    embedded.closeAfter(app.server)
    return url
  },
  Koa: async () => {
    const app = new Koa()
    app.silent = true
    app.use(forKoa.mount(embedded.latchkey))
    app.use((ctx, next) => (ctx.path === '/missing' ? findNothing() : next()))
    app.use(async (ctx, next) => {
      if (ctx.path !== '/echo') return next()
      let text = ''
      for await (const chunk of ctx.req) text += chunk
      ctx.body = JSON.parse(text)
    })
    app.use(async (ctx, next) => (ctx.path === '/orders' ? forKoa.guard(embedded.latchkey)(ctx, next) : next()))
    app.use((ctx) => {
      if (ctx.path === '/orders') ctx.body = { for: forKoa.currentUser(ctx).uid }
    })
    return embedded.start(createServer(app.callback()))
  },
  Nest: async () => {
    // What decorators write, as calls: no compiler need know them.
    class Shop {
      orders(user: User): object {
        return { for: user.uid }
      }
      echo(body: unknown): unknown {
        return body
      }
      missing(): never {
        return findNothing()
      }
    }
    const decorate = (name: keyof Shop, ofArgument?: ParameterDecorator, ...decorators: MethodDecorator[]) => {
      ofArgument?.(Shop.prototype, name, 0)
      const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, name) as PropertyDescriptor
      for (const one of decorators) one(Shop.prototype, name, descriptor)
    }
    decorate('orders', forNest.CurrentUser(), Get('orders'), UseGuards(forNest.guard(embedded.latchkey)))
    decorate('missing', undefined, Get('missing'))
    decorate('echo', Body(), Post('echo'), HttpCode(200))
    Controller()(Shop)
    class App {}
    Module({ controllers: [Shop] })(App)
    const app = await NestFactory.create(App, { logger: false })
    app.use(forNest.mount(embedded.latchkey))
    await app.listen(0, '127.0.0.1')
    embedded.closeAfter(app.getHttpServer())
    return app.getUrl()
  },
  Hono: async () => {
    const app = new Hono()
    app.use(forHono.mount(embedded.latchkey))
    app.get('/orders', forHono.guard(embedded.latchkey), (c) => c.json({ for: forHono.currentUser(c).uid }))
    app.get('/missing', findNothing)
    app.post('/echo', async (c) => c.json(await c.req.json()))
    const server = await new Promise<Server>((resolve) => {
      const options = { fetch: app.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }
      const made = serve(options, () => resolve(made as Server))
    })
    embedded.closeAfter(server)
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`
  },
  'node:http': async () => {
    const handle = forNode.mount(embedded.latchkey)
    const allowed = forNode.guard(embedded.latchkey)
    return embedded.start(
      createServer((request, response) =>
        handle(request, response, async () => {
          if (request.url === '/echo') {
            response.setHeader('content-type', 'application/json')
            for await (const chunk of request) response.write(chunk)
            response.end()
          } else if (request.url === '/orders' && allowed(request, response)) {
            response.setHeader('content-type', 'application/json')
            response.end(JSON.stringify({ for: forNode.currentUser(request).uid }))
          } else if (!response.headersSent) {
            response.statusCode = 404
            response.end()
          }
        }),
      ),
    )
  },
}

describe.each(Object.keys(applications))('in %s', (name) => {
  let url: string
  const form = { ...ann, account: `${name.replace(':', '.').toLowerCase()}@example.org` }
  beforeAll(async () => {
    url = await (applications[name] as () => Promise<string>)()
  })

  it('registers, logs in, and opens a guarded route by Bearer and by Basic', async () => {
    const { json: made, status } = await postJson(url, '/v1/client/register', form)
    expect([status, made.request]).toEqual([201, 'POST /v1/client/register'])
    const { json } = await postJson(url, '/v1/token', { account: form.account, secret, type: 100 })
    const basic = { authorization: `Basic ${Buffer.from(`${json.token}:`).toString('base64')}` }
    expect((await ask(url, 'GET', '/orders', { token: json.token })).json).toEqual({ for: made.uid })
    expect((await ask(url, 'GET', '/orders', { headers: basic })).json).toEqual({ for: made.uid })
    expect((await ask(url, 'GET', '/v1/user', { token: json.token })).json.account).toBe(form.account)
    expect((await ask(url, 'GET', '/orders')).status).toBe(401)
    const { sessions } = (await ask(url, 'GET', '/v1/user/sessions', { token: json.token })).json
    expect(sessions[0].address_prefix).toBe('127.0.0.0/24')
  })

  it('handles its own routes alone: what looks alike belongs to the application', async () => {
    for (const path of ['/healthz', '/openapi.json', '/v1/tokens', '/v1/users', '/v1', '/', '/.well-known/other']) {
      const { status, headers } = await ask(url, 'GET', path)
      expect([path, status, headers.get('content-type')?.includes('problem') ?? false]).toEqual([path, 404, false])
    }
    for (const path of ['/v1/token/', '/v1/user/1/x', '/v1/client']) {
      expect([path, (await ask(url, 'GET', path)).json.code]).toEqual([path, 'http_error'])
    }
    const keys = await ask(url, 'GET', '/.well-known/jwks.json?x=1')
    expect([keys.status, keys.json.keys.length]).toEqual([200, 2])
  })

  // Plain node:http has no handler for errors.
  it.runIf(name !== 'node:http')('leaves a NotFound of the application to it, which answers 404', async () => {
    expect((await ask(url, 'GET', '/missing')).status).toBe(404)
  })

  it('leaves the bodies of the application alone, and bounds its own', async () => {
    expect((await postJson(url, '/echo', { a: [1, 'two'] })).json).toEqual({ a: [1, 'two'] })
    const { status, json } = await postJson(url, '/v1/token', `{"account":"${'x'.repeat(70_000)}"}`)
    expect([status, json.code]).toEqual([413, 'http_error'])
  })
})

describe('what stands before mount', () => {
  it('reaches the login routes in Fastify: headers of earlier hooks, and the hooks behind the answer', async () => {
    const app = fastify()
    const seen: string[] = []
    app.addHook('onResponse', async ({ url }, { statusCode }) => void seen.push(`${statusCode} ${url}`))
    app.addHook('onRequest', async (_, reply) => void reply.header('access-control-allow-origin', '*'))
    app.addHook('onRequest', forFastify.mount(embedded.latchkey))
    app.addHook('onRequest', async (_, reply) => void reply.removeHeader('access-control-allow-origin'))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    embedded.closeAfter(app.server)
    for (const [path, status, allowed] of [
      ['/v1/user', 401, '*'],
      ['/.well-known/jwks.json', 200, '*'],
      ['/else', 404, null],
    ] as const) {
      const answer = await ask(url, 'GET', path)
      expect([path, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([path, status, allowed])
    }
    expect(seen).toEqual(['401 /v1/user', '200 /.well-known/jwks.json', '404 /else'])
  })

  it('waits for the answer in Koa', async () => {
    const app = new Koa()
    const seen: string[] = []
    app.use(async (ctx, next) => {
      ctx.set('access-control-allow-origin', '*')
      await next()
      seen.push(`${ctx.path} ${ctx.res.headersSent} ${ctx.status}`)
    })
    app.use(forKoa.mount(embedded.latchkey))
    const url = await embedded.start(createServer(app.callback()))
    for (const path of ['/v1/user', '/.well-known/jwks.json', '/else']) {
      expect((await ask(url, 'GET', path)).headers.get('access-control-allow-origin')).toBe('*')
    }
    expect(seen).toEqual(['/v1/user true 401', '/.well-known/jwks.json true 200', '/else false 404'])
  })
})
