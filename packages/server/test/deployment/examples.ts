/** The files of examples/ that install the server, and what they may refer to. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { stopMs } from '../../src/cli/serve.js'

export const repository = fileURLToPath(new URL('../../../..', import.meta.url))
export const examples = join(repository, 'examples')
/** `latchkey` as npm installs it. */
export const latchkeyCommand = join(repository, 'node_modules/.bin/latchkey')
/** The PATH of a service; this Node first. */
export const programFolders = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':')

export const readExample = (name: string): string => readFileSync(join(examples, name), 'utf8')

/** The names in the environment that docs/configuration.md has. */
export function knownSettings(): string[] {
  const text = readFileSync(join(repository, 'docs/configuration.md'), 'utf8')
  const [table = ''] = text.split('## Not yet')
  const names = [...table.matchAll(/^\| `\w+` \| `(\w+)` \|/gm)].map(([, name]) => name as string)
  return [...names, 'NODE_ENV']
}

/** The longest that `latchkey serve` takes to end: to be heard of, to let requests end, and to kill a worker that hangs. */
export const longestStopSeconds = stopMs / 1000

/** Of the form `10s`, as systemd and compose write it; a number alone is seconds. */
export function secondsOf(text: string): number {
  const [, digits, unit] = /^(\d+)(s|min|m)?$/.exec(text) ?? []
  if (digits === undefined) throw new Error(`${text} is no time that this reads`)
  return Number(digits) * (unit === undefined || unit === 's' ? 1 : 60)
}
