/** latchkey/client as it is built, in Node, Bun and Deno, each as a process of its own that must end by itself. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ann, closeServer, listen, useServer } from '../server.js'
import { type Front, startFront } from './front.js'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../../../tools/runtimes', import.meta.url))
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
  install()
}, 300_000)
afterAll(async () => {
  await front.close()
  await closeServer(elsewhere)
})

const bin = (name: string) => join(folder, 'node_modules', '.bin', name)
it.each([
  ['Node', process.execPath, []],
  ['Bun', bin('bun'), ['run']],
  ['Deno', bin('deno'), ['run', '--no-prompt', '--no-config', '--no-npm', '--no-remote', '--allow-net=127.0.0.1']],
] as const)(
  'runs in %s',
  async (_, command, words) => {
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

function install(): void {
  if (existsSync(bin('bun')) && existsSync(bin('deno'))) return
  console.log('Installing Bun and Deno into tools/runtimes ...')
  const shell = process.platform === 'win32'
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    ...{ cwd: folder, stdio: ['ignore', 2, 2], shell },
  })
}
