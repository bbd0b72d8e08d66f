/** latchkey/client as it is built, in Node, Bun and Deno, each as a process of its own that must end by itself. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runtimes } from '../../../latchkey/test/runtimes/find-runtimes.js'
import { ann, closeServer, listen, useServer } from '../server.js'
import { type Front, startFront } from './front.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('smoke.mjs', import.meta.url))
let shiftMs = 0
const server = useServer({ clock: () => Date.now() + shiftMs })
const tokens: unknown[] = []
const elsewhere = createServer((request, response) => {
  tokens.push(request.headers.authorization)
  response.end('elsewhere')
})
let front: Front
beforeAll(async () => {
  front = await startFront(() => server.url)
  await listen(elsewhere)
  await server.post('/v1/client/register', ann)
}, 300_000)
afterAll(async () => {
  await front.close()
  await closeServer(elsewhere)
})

it.each(runtimes('--allow-net=127.0.0.1'))(
  'runs in $name',
  async ({ command, words }) => {
    const { port } = elsewhere.address() as { port: number }
    front.reset()
    tokens.length = 0
    front.fault = ({ path }) => {
      if (path === '/expire') shiftMs += 3 * 3_600_000
      if (path === '/expire') return (response) => response.end()
      if (path === '/away') {
        return (response) => response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
      }
      return path === '/hang' ? 'hang' : undefined
    }
    const { stdout } = await run(command, [...words, script, front.url], { timeout: 60_000 })
    expect(JSON.parse(stdout)).toEqual({
      ...{
        wrong: ['refused', 'auth_failed'],
        first: 200,
        many: [200],
        away: 'elsewhere',
        aborted: 'AbortError',
        out: 401,
      },
      events: ['login', 'refresh', 'logout'],
    })
    expect(front.count('/v1/token/refresh')).toBe(1)
    expect(tokens).toEqual([undefined])
  },
  90_000,
)
