import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import express, { type ErrorRequestHandler } from 'express'
import { Hono } from 'hono'
import { LatchkeyError } from 'latchkey'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { firstOr404, getOr404, NotFound } from '../src/index.js'
import { dialects, useDatabase } from './dialects.js'

/** Serves on a free port of 127.0.0.1, asks for the paths in turn, and ends. */
async function ask(server: Server, ...paths: string[]): Promise<Response[]> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const answers: Response[] = []
    for (const path of paths) answers.push(await fetch(origin + path))
    return answers
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const statuses = (answers: readonly Response[]) => answers.map(({ status }) => status)

describe('NotFound', () => {
  test('is an error with the members that frameworks look for', () => {
    const error = new NotFound()
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'NotFound',
      message: 'the resource is not found',
      code: 'not_found',
      errorCode: 1001,
      status: 404,
      statusCode: 404,
      expose: true,
    })
    expectTypeOf<NotFound['status']>().toEqualTypeOf<404>()
    expectTypeOf<NotFound['code']>().toEqualTypeOf<'not_found'>()
  })

  test('takes a detail of its own', () => {
    const error = new NotFound('there is no such order')
    expect(error.message).toBe('there is no such order')
    expect(error.toProblem()).toMatchObject({ detail: 'there is no such order', msg: 'the resource is not found' })
  })

  test('makes the problem document of LatchkeyError not_found', () => {
    const own = new NotFound()
    const theirs = new LatchkeyError('not_found')
    expect(own.toProblem()).toEqual(theirs.toProblem())
    expect(Object.keys(own.toProblem())).toEqual(['type', 'title', 'status', 'detail', 'code', 'msg', 'error_code'])
    expect(own.toProblem('GET /orders/7')).toEqual(theirs.toProblem('GET /orders/7'))
    const detail = 'there is no such order'
    expect(new NotFound(detail).toProblem()).toEqual(new LatchkeyError('not_found', { detail }).toProblem())
    expect(JSON.stringify(own)).toBe(JSON.stringify(theirs))
    expect(own.errorCode).toBe(theirs.errorCode)
  })

  test('makes the response of LatchkeyError not_found', async () => {
    const own = new NotFound().getResponse()
    const theirs = new LatchkeyError('not_found').getResponse() as Response
    expectTypeOf(own).toEqualTypeOf<Response>()
    expect(own.status).toBe(404)
    expect([...own.headers]).toEqual([...theirs.headers])
    expect(own.headers.get('content-type')).toBe('application/problem+json')
    expect(await own.text()).toBe(await theirs.text())
  })
})

for (const dialect of dialects) {
  describe(`NotFound thrown in a handler over ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    test('is answered 404 by Express', async () => {
      const app = express()
      app.get('/posts/:id', async (req, res) => {
        res.json(await getOr404(use.db, 'post', { id: Number(req.params.id) }))
      })
      app.get('/first/:id', async (req, res) => {
        res.json(await firstOr404(use.db.selectFrom('post').selectAll().where('id', '=', Number(req.params.id))))
      })
      const answers = await ask(createServer(app), '/posts/1', '/posts/2', '/posts/99', '/first/1', '/first/2')
      expect(statuses(answers)).toEqual([200, 404, 404, 200, 404])
      expect(await answers[0]?.json()).toMatchObject({ title: 'one' })
    })

    test('is answered by an error handler of Express with its problem document', async () => {
      const app = express()
      app.get('/posts/:id', async (req, res) => {
        res.json(await getOr404(use.db, 'post', { id: Number(req.params.id) }))
      })
      const answerProblem: ErrorRequestHandler = (error, req, res, next) => {
        if (!(error instanceof NotFound)) return next(error)
        res
          .status(error.status)
          .type('application/problem+json')
          .json(error.toProblem(`${req.method} ${req.path}`))
      }
      app.use(answerProblem)
      const [answer] = await ask(createServer(app), '/posts/2')
      expect(answer?.status).toBe(404)
      expect(answer?.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(await answer?.json()).toEqual(new NotFound().toProblem('GET /posts/2'))
    })

    test('is answered 404 by Hono, with its problem document', async () => {
      const app = new Hono()
      app.get('/posts/:id', async (c) => c.json(await getOr404(use.db, 'post', { id: Number(c.req.param('id')) })))
      const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server
      const answers = await ask(server, '/posts/1', '/posts/2', '/posts/99')
      expect(statuses(answers)).toEqual([200, 404, 404])
      expect(await answers[0]?.json()).toMatchObject({ title: 'one' })
      expect(answers[1]?.headers.get('content-type')).toBe('application/problem+json')
      expect(answers[1]?.headers.get('cache-control')).toBe('no-store')
      expect(await answers[1]?.json()).toEqual(new NotFound().toProblem())
    })
  })
}
