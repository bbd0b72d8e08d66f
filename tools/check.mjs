// Runs every check of this folder, as many at once as there are cores; fails when one does. Usage: check [root]
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { repository, root } from './lib/report.mjs'

const biome = [resolve(repository, 'node_modules/@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.']
const script = (name) => [fileURLToPath(new URL(`check-${name}.mjs`, import.meta.url)), root]

// The slow ones first.
const waiting = [
  ['examples', script('examples')],
  ['packages', script('packages')],
  ['exports', script('exports')],
  ['patterns', script('patterns')],
  ['biome', biome],
  ['imports', script('imports')],
  ['secrets', script('secrets')],
  ['errors', script('errors')],
  ['asvs', script('asvs')],
  ['files', script('files')],
  ['configuration', [fileURLToPath(new URL('write-configuration.mjs', import.meta.url)), '--check']],
]
const failed = []

async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, args] = next
    const began = performance.now()
    const { code, output } = await run(args)
    if (code !== 0) failed.push(name)
    console.log(`-- ${name}, ${((performance.now() - began) / 1000).toFixed(1)} s\n${output.trim()}`)
  }
}

function run(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  }
  return new Promise((done) => {
    child.on('close', (code) => done({ code, output }))
  })
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
console.log(failed.length > 0 ? `Failed: ${failed.join(', ')}` : 'All checks passed.')
process.exitCode = failed.length > 0 ? 1 : 0
