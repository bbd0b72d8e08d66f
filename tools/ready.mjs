// Makes a checkout ready to run: installs what package-lock.json names, builds what changed. Does nothing when nothing is missing.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lock = join(root, '.ready.lock')
const stamp = join(root, 'node_modules', '.ready-stamp')

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
  fail(`Latchkey needs Node 20.19 or newer (22: 22.12 or newer); this is ${process.version}.`)
}

await takeLock()
process.on('exit', () => rmSync(lock, { force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

install()
build()

function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.version} ${process.platform} ${process.arch}`)
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.error(
    'Installing packages (where no prebuilt SQLite can be had it is compiled, which takes about a minute) ...',
  )
  // NODE_ENV=production would leave the compiler out.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, wanted)
}

function build() {
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'])
  run(process.execPath, [join(root, 'tools', 'bundle.mjs')])
}

function run(command, args) {
  // Standard output belongs to the command that follows; what is said here goes to standard error.
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm',
  })
  if (error) fail(`${command} could not be started: ${error.message}`)
  if (status !== 0) fail(`${command} ${args[0]} failed.`)
}

// One process at a time works on node_modules and dist; the others wait. A lock whose owner is gone is removed by
// whoever first makes the marker for that owner, so that two waiters never remove each other's.
async function takeLock() {
  const began = performance.now()
  let said = false
  for (;;) {
    if (create(lock)) return
    const owner = read(lock)
    if (!said && performance.now() - began > 3000) {
      said = true
      console.error(`Waiting for another npm start or npm test, process ${owner || 'unknown'}, which holds ${lock} ...`)
    }
    if (isStale(owner)) {
      const marker = `${lock}.${owner}`
      if (create(marker)) {
        if (read(lock) === owner) rmSync(lock, { force: true })
        rmSync(marker, { force: true })
      }
    }
    await sleep(100)
  }
}

function create(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}

// Process numbers come again, in containers at once; nobody works on this for that long.
function isStale(owner) {
  if (owner === String(process.pid)) return true
  const ageMs = existsSync(lock) ? Date.now() - statSync(lock, { throwIfNoEntry: false })?.mtimeMs : 0
  if (ageMs > 20 * 60_000) return true
  // Without an owner it was made this moment, or its maker ended before the next.
  return owner === '' ? ageMs > 5000 : !isAlive(Number(owner))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
