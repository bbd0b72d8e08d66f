// `serve --workers 2` against one process, both on SQLite: guarded requests and refreshes per second, as ratios. Usage:
// npm run workers -w @latchkey/server [-- rounds]
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const [rounds = '9'] = process.argv.slice(2)
const seconds = 3
const connections = 16
const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const run = promisify(execFile)
const user = { account: 'ann@example.org', secret: 'a long passphrase', type: 100 }

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function start(workers) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-workers-'))
  const port = await freePort()
  const env = { PATH: process.env.PATH, LATCHKEY_DATA: folder }
  const words = [path('../bin/latchkey.js'), 'serve', '--port', String(port), '--workers', String(workers), '--json']
  const child = spawn(process.execPath, words, { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.stdout.resume()
  const post = async (route, body) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`http://127.0.0.1:${port}${route}`, init)
    if (response.status !== 201) throw new Error(`${route} answered ${response.status}`)
    return response.json()
  }
  await post('/v1/client/register', { ...user, nickname: 'ann' })
  const pairs = []
  for (let i = 0; i < connections; i++) pairs.push(await post('/v1/token', user))
  return {
    port,
    token: pairs[0].token,
    refreshTokens: pairs.map(({ refresh_token }) => refresh_token),
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function load({ port }, kind, credentials) {
  const { stdout } = await run(process.execPath, [path('workers-load.mjs'), port, seconds, kind, ...credentials])
  const result = JSON.parse(stdout)
  if (result.others > 0) throw new Error(`${result.others} answers were refusals`)
  return result
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const servers = { one: await start(1), two: await start(2) }
const rates = { guarded: { one: [], two: [] }, refresh: { one: [], two: [] } }
for (let round = 0; round <= Number(rounds); round++) {
  for (const name of round % 2 === 0 ? ['one', 'two'] : ['two', 'one']) {
    const server = servers[name]
    const guarded = await load(server, 'guarded', [server.token])
    const refresh = await load(server, 'refresh', server.refreshTokens)
    server.refreshTokens = refresh.next
    // The first round warms up.
    if (round === 0) continue
    rates.guarded[name].push(guarded.perSecond)
    rates.refresh[name].push(refresh.perSecond)
  }
}
for (const server of Object.values(servers)) await server.end()

const { version } = JSON.parse(readFileSync(path('../package.json'), 'utf8'))
console.log(
  `Latchkey ${version}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}; the load comes from one more process`,
)
console.log(
  `${rounds} rounds of ${seconds} s, ${connections} connections, SQLite; per second, median (least to greatest)`,
)
for (const [kind, { one, two }] of Object.entries(rates)) {
  const text = (list) =>
    `${median(list).toFixed(0)} (${Math.min(...list).toFixed(0)} to ${Math.max(...list).toFixed(0)})`
  const ratios = two.map((rate, i) => rate / one[i])
  console.log(`${kind}: one process ${text(one)}, two workers ${text(two)}, ratio ${median(ratios).toFixed(2)}`)
}
