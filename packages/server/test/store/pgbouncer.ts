/** A transaction pooler between the server and PostgreSQL, from Debian's package `pgbouncer`. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { freePort } from '../../../query/test/postgres.js'
import { findProgram } from '../find-program.js'
import { startProcess, untilListens } from '../start-process.js'

export const findPgbouncer = () => findProgram(['pgbouncer', '/usr/sbin/pgbouncer'], 'pgbouncer')

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
  const pgbouncer = startProcess(bin, [settings], { user, folder })
  await untilListens(pgbouncer, own)
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${own}${pathname}`,
    async stop() {
      await pgbouncer.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
