/** Guards on connections that live on, bodies nobody reads, requests that end early, and many at once. */
import { expect, it } from 'vitest'
import { onEveryFramework } from './contract.js'
import { type Connection, open, type RawRequest, requestText } from './raw-http.js'
import { bearer, good, tokenOf } from './tokens.js'

const goodRequest: RawRequest = { headers: [bearer(good)] }
const body = 'x'.repeat(200_000)
const chunked = ['Transfer-Encoding', 'chunked'] as const
const chunks = `${(1000).toString(16)}\r\n${'y'.repeat(1000)}\r\n`.repeat(100)

onEveryFramework('a connection', (client) => {
  async function onConnection(use: (connection: Connection) => Promise<void>): Promise<void> {
    const connection = open(client.port)
    try {
      await use(connection)
    } finally {
      connection.destroy()
    }
  }

  async function statusOf(connection: Connection, request: RawRequest): Promise<number> {
    connection.write(requestText(request))
    return (await connection.read(request.method)).status
  }

  /** On the same connection, unless the server ended it after its answer. */
  async function expectStillGood(connection: Connection): Promise<void> {
    const again = async () => {
      if (connection.ended) throw new Error('it has ended')
      return statusOf(connection, goodRequest)
    }
    expect(await again().catch(async () => (await client.ask(goodRequest)).status)).toBe(200)
  }

  it('serves refused and good requests in turn', async () => {
    await onConnection(async (connection) => {
      const statuses: number[] = []
      for (const headers of [[], [bearer(good)], [bearer('wrong')], [bearer(good), bearer(good)], [bearer(good)]]) {
        statuses.push(await statusOf(connection, { headers }))
      }
      statuses.push(await statusOf(connection, { method: 'HEAD' }), await statusOf(connection, goodRequest))
      expect(statuses).toEqual([401, 200, 401, 400, 200, 401, 200])
    })
  })

  it('answers requests that were sent at once in their order', async () => {
    await onConnection(async (connection) => {
      const tokens = ['1', '2', '3'].map((uid) => tokenOf({ uid }))
      connection.write(tokens.map((token) => requestText({ headers: [bearer(token)] }) + requestText({})).join(''))
      for (const uid of ['1', '2', '3']) {
        expect(JSON.parse((await connection.read()).body).user.uid).toBe(uid)
        expect((await connection.read()).status).toBe(401)
      }
    })
  })

  it('lives through a refused request whose body of 200 KB nobody read', async () => {
    await onConnection(async (connection) => {
      expect(await statusOf(connection, { method: 'POST', body })).toBe(401)
      await expectStillGood(connection)
    })
  })

  it('lives through a refused request with a body of 100 chunks', async () => {
    await onConnection(async (connection) => {
      connection.write(`${requestText({ method: 'POST', headers: [chunked] })}${chunks}0\r\n\r\n`)
      expect((await connection.read()).status).toBe(401)
      await expectStillGood(connection)
    })
  })

  it('is answered before the body of a refused request has come', async () => {
    await onConnection(async (connection) => {
      connection.write(requestText({ method: 'POST', headers: [['Content-Length', '100000']] }))
      expect((await connection.read()).status).toBe(401)
    })
  })

  it('is answered 401 when a refused client waits to be told to continue', async () => {
    await onConnection(async (connection) => {
      const headers = [['Expect', '100-continue'] as const, ['Content-Length', '5'] as const]
      connection.write(requestText({ method: 'POST', headers }))
      expect((await connection.read()).status).toBe(401)
    })
  })

  it('leaves the whole body to the handler', async () => {
    const { body: length } = await client.ask({ method: 'POST', path: '/length', headers: [bearer(good)], body })
    expect(length).toBe('200000')
    await onConnection(async (connection) => {
      connection.write(requestText({ method: 'POST', path: '/length', headers: [bearer(good), chunked] }))
      connection.write(`${chunks}0\r\n\r\n`)
      expect((await connection.read()).body).toBe('100000')
    })
  })

  it('may break off at any point, and the next one is served', async () => {
    const text = requestText({ method: 'POST', path: '/length', headers: [bearer(good)], body: 'z'.repeat(2000) })
    const cuts = [1, 20, text.indexOf('Bearer') + 30, text.indexOf('\r\n\r\n') + 2, text.length - 1000, text.length]
    for (const cut of cuts) {
      const connection = open(client.port)
      connection.write(text.slice(0, cut))
      await new Promise((resolve) => setTimeout(resolve, 5))
      connection.destroy()
    }
    const refused = open(client.port)
    refused.write(requestText({ method: 'POST', body }).slice(0, 100_000))
    await refused.read()
    refused.destroy()
    expect((await client.ask(goodRequest)).status).toBe(200)
  })

  it('never sees the user of another', async () => {
    const uids = Array.from({ length: 200 }, (_, i) => `user-${i}`)
    const seen = await Promise.all(
      uids.map(async (uid) => {
        const token = tokenOf({ uid, sid: Buffer.from(uid.padEnd(16)).toString('base64url') })
        const { user } = await client.passed({ path: '/slow', headers: [bearer(token)] })
        return user?.uid
      }),
    )
    expect(seen).toEqual(uids)
  })
})
