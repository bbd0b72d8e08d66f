/** Programs of the system that some tests need. */
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/**
 * Where the first of these programs is. In CI, as root and with apt, the Debian package that holds it is installed when none is
 * there. Undefined: not to be had here.
 */
export function findProgram(names: readonly string[], debianPackage: string): string | undefined {
  const find = () => names.map(which).find((path) => path !== undefined)
  const found = find()
  if (found !== undefined || !process.env.CI || process.getuid?.() !== 0 || !which('apt-get')) return found
  console.log(`Installing ${debianPackage} by apt-get ...`)
  // In single-user mode no package starts its service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const install = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debianPackage}`
  // One after the other: test files run side by side.
  execFileSync('flock', [join(tmpdir(), 'latchkey-apt.lock'), 'sh', '-c', install], { stdio: 'ignore', env })
  return find()
}

function which(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
