// Writes docs/configuration.md from the settings that the server checks. Usage: write-configuration [--check]
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { notYet, settings } from '../packages/server/dist/config/settings.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const path = join(root, 'docs', 'configuration.md')
const text = `${page().join('\n')}\n`

if (!process.argv.includes('--check')) writeFileSync(path, text)
else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
  console.error(
    'configuration: docs/configuration.md is not what the settings say; run: node tools/write-configuration.mjs',
  )
  process.exitCode = 1
} else console.log(`configuration: ${Object.keys(settings).length} settings, as docs/configuration.md has them`)

function page() {
  return [
    '# Configuration',
    '',
    '<!-- Written by tools/write-configuration.mjs from packages/server/src/config/settings.ts; change it there. -->',
    '',
    'Nothing need be set. What is set is one object, and comes from three places; each beats the ones after it:',
    '',
    '1. the argument of `createLatchkey({ ... })`, or the options of a command, such as `--port`;',
    '2. the environment, for the settings that have a name there;',
    '3. the file `latchkey.config.js` (its default export) or `latchkey.config.json` in the folder where the process starts.',
    '',
    'An unknown name or a bad value, in any of the three, stops the start and says which and why. That holds for every name in the',
    'environment that begins with `LATCHKEY_`.',
    '',
    '| setting | environment | type | default | what it does |',
    '|---|---|---|---|---|',
    ...Object.entries(settings).map(row),
    '',
    '`NODE_ENV` is read too: `development` makes tokens live for 30 days.',
    '',
    '## Not yet',
    '',
    'These names are kept for what comes later. Setting one stops the start.',
    '',
    '| setting | |',
    '|---|---|',
    ...Object.entries(notYet).map(([name, sentence]) => `| \`${name}\` | ${sentence} |`),
  ]
}

function row([name, { environment, type, unit, default: otherwise, sentence }]) {
  const kind = unit ? `${type}, ${unit}` : type
  return `| \`${name}\` | ${code(environment)} | ${kind} | ${otherwise} | ${sentence} |`
}

function code(name) {
  return name ? `\`${name}\`` : ''
}
