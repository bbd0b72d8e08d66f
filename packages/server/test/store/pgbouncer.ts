/** A transaction pooler between the server and PostgreSQL, from Debian's package `pgbouncer`. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { freePort } from '../../../query/test/postgres.js'

/** Where pgbouncer is; in CI, as root and with apt, it is installed when it is missing. Undefined: not to be had here. */
export function findPgbouncer(): string | undefined {
  const found = which('pgbouncer') ?? which('/usr/sbin/pgbouncer')
  if (found !== undefined || !process.env.CI || process.getuid?.() !== 0 || !which('apt-get')) return found
  console.log('Installing pgbouncer by apt-get ...')
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env: environment })
  execFileSync('apt-get', ['install', '-y', '-qq', 'pgbouncer'], { stdio: 'ignore', env: environment })
  return which('/usr/sbin/pgbouncer')
}

function which(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** Starts it in transaction mode, with fewer connections to the database than the server opens to it. */
export async function startPgbouncer(
  bin: string,
  databaseUrl: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-test-'))
  const own = await freePort()
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const users = file('users.txt', `"${username}" "${password}"\n`)
  const settings = file(
    'pgbouncer.ini',
    `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${own}\n` +
      `unix_socket_dir =\nauth_type = plain\nauth_file = ${users}\npool_mode = transaction\ndefault_pool_size = 3\n`,
  )
  // It does not run as root.
  const isRoot = process.getuid?.() === 0
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  const user = isRoot ? { uid: id('-u'), gid: id('-g') } : {}
  chmodSync(folder, 0o755)
  if (user.uid !== undefined) for (const path of [folder, users, settings]) chownSync(path, user.uid, user.gid)
  const child = spawn(bin, [settings], { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await untilListens(own, () => said)
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${own}${pathname}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilListens(port: number, said: () => string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`pgbouncer does not listen: ${said()}`)
}
