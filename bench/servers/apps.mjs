/**
 * The applications that are compared: what each route answers is the same in all of them. `alg` is that of its tokens, EdDSA
 * where nothing is said; one that is `lax` guards nothing, and shows what the framework itself takes; `start(parts)` answers
 * the port.
 */
import { createServer } from 'node:http'

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))

/** Without a server by the key alone. */
async function ours({ server, jwk, issuer, audience }) {
  const { createAuth } = await import('latchkey')
  if (server === undefined) {
    const { createRevocationList, importKey } = await import('latchkey/token')
    return createAuth({ keys: [importKey(jwk)], issuer, audience, revocations: createRevocationList() })
  }
  const auth = createAuth({ server, audience })
  await auth.ready()
  return auth
}

async function expressApp(guard) {
  const { default: express } = await import('express')
  const app = express().disable('x-powered-by').disable('etag')
  app.get('/open', (_request, response) => response.json({ ok: true }))
  app.get('/guarded', guard, (_request, response) => response.json({ ok: true }))
  app.use((error, _request, response, _next) => response.sendStatus(error.status ?? 500))
  return listen(createServer(app))
}

async function fastifyApp(prepare) {
  const { default: fastify } = await import('fastify')
  const app = fastify()
  const hook = await prepare(app)
  app.get('/open', async () => ({ ok: true }))
  app.get('/guarded', { onRequest: hook }, async () => ({ ok: true }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

async function honoApp(guard) {
  const { Hono } = await import('hono')
  const { getRequestListener } = await import('@hono/node-server')
  const app = new Hono()
  app.get('/open', (c) => c.json({ ok: true }))
  app.get('/guarded', guard, (c) => c.json({ ok: true }))
  return listen(createServer(getRequestListener(app.fetch)))
}

async function koaApp(guard) {
  const { default: Koa } = await import('koa')
  const app = new Koa()
  const answer = (ctx) => {
    ctx.body = { ok: true }
  }
  app.use((ctx, next) => (ctx.path === '/guarded' ? guard(ctx, async () => answer(ctx)) : next()))
  app.use((ctx) => (ctx.path === '/open' ? answer(ctx) : undefined))
  return listen(createServer(app.callback()))
}

async function nodeApp(allowed) {
  const answer = (response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{"ok":true}')
  }
  return listen(
    createServer((request, response) => {
      if (request.url === '/open' || allowed(request, response)) answer(response)
    }),
  )
}

async function fastifyJwt({ pem, issuer, audience }, more) {
  return fastifyApp(async (app) => {
    const { default: plugin } = await import('@fastify/jwt')
    const verify = { algorithms: ['EdDSA'], allowedIss: issuer, allowedAud: audience, ...more }
    await app.register(plugin, { secret: { public: pem }, verify })
    return (request) => request.jwtVerify()
  })
}

export const apps = {
  'node:http, latchkey': {
    async start(parts) {
      const { guard } = await import('latchkey/node')
      return nodeApp(guard(await ours(parts)))
    },
  },
  'node:http, a function that does nothing': { lax: true, start: () => nodeApp(() => true) },
  'Fastify, latchkey': {
    async start(parts) {
      const { guard } = await import('latchkey/fastify')
      const auth = await ours(parts)
      return fastifyApp(() => guard(auth))
    },
  },
  'Fastify, a hook that does nothing': { lax: true, start: () => fastifyApp(() => (_request, _reply, done) => done()) },
  'Fastify, @fastify/jwt with its cache': { start: (parts) => fastifyJwt(parts, { cache: true }) },
  'Fastify, @fastify/jwt': { start: (parts) => fastifyJwt(parts, {}) },
  'Hono, latchkey': {
    async start(parts) {
      const { guard } = await import('latchkey/hono')
      return honoApp(guard(await ours(parts)))
    },
  },
  'Hono, middleware that does nothing': { lax: true, start: () => honoApp(async (_c, next) => next()) },
  'Hono, hono/jwt': {
    async start({ jwk, issuer, audience }) {
      const { jwt } = await import('hono/jwt')
      // A key that is imported once, not by each request.
      const secret = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['verify'])
      const verification = { iss: issuer, aud: audience, typ: 'at+jwt' }
      return honoApp(jwt({ secret, alg: 'EdDSA', verification }))
    },
  },
  'Koa, latchkey': {
    async start(parts) {
      const { guard } = await import('latchkey/koa')
      return koaApp(guard(await ours(parts)))
    },
  },
  'Koa, middleware that does nothing': { lax: true, start: () => koaApp(async (_ctx, next) => next()) },
  'Express, latchkey': {
    async start(parts) {
      const { guard } = await import('latchkey/express')
      return expressApp(guard(await ours(parts)))
    },
  },
  'Express, middleware that does nothing': {
    lax: true,
    start: () => expressApp((_request, _response, next) => next()),
  },
  'Express, passport-jwt': {
    alg: 'ES256',
    async start({ pem, issuer, audience }) {
      const { default: passport } = await import('passport')
      const { ExtractJwt, Strategy } = (await import('passport-jwt')).default
      const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
      const options = { jwtFromRequest, secretOrKey: pem, issuer, audience, algorithms: ['ES256'] }
      passport.use(new Strategy(options, (payload, done) => done(null, payload)))
      return expressApp(passport.authenticate('jwt', { session: false }))
    },
  },
  'Express, express-jwt': {
    alg: 'ES256',
    async start({ publicKey, issuer, audience }) {
      const { expressjwt } = await import('express-jwt')
      return expressApp(expressjwt({ secret: publicKey, issuer, audience, algorithms: ['ES256'] }))
    },
  },
  'Express, Better Auth getSession': { start: (parts) => betterAuth(parts, {}) },
  'Express, Better Auth getSession with its cookie cache': {
    start: (parts) => betterAuth(parts, { session: { cookieCache: { enabled: true, maxAge: 3600 } } }),
  },
}

/** Answers what to log in with too: the cookies of twenty sessions of its own. */
async function betterAuth({ issuer }, more) {
  const { betterAuth: create } = await import('better-auth')
  const { getMigrations } = await import('better-auth/db/migration')
  const { fromNodeHeaders } = await import('better-auth/node')
  const { default: Database } = await import('better-sqlite3')
  const auth = create({
    ...{ database: new Database(':memory:'), secret: 'a secret of thirty-two characters', baseURL: issuer },
    ...{ emailAndPassword: { enabled: true }, rateLimit: { enabled: false }, telemetry: { enabled: false } },
    ...more,
  })
  await (await getMigrations(auth.options)).runMigrations()
  const user = { email: 'ann@example.org', password: 'correct horse battery' }
  await auth.api.signUpEmail({ body: { ...user, name: 'Ann' } })
  const cookies = []
  for (let i = 0; i < 20; i++) {
    const { headers } = await auth.api.signInEmail({ body: user, asResponse: true })
    cookies.push(
      headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; '),
    )
  }
  const port = await expressApp(async (request, response, next) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) })
    if (!session) return response.sendStatus(401)
    request.user = session.user
    next()
  })
  return { port, cookies }
}
