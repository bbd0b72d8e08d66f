// Writes packages/server/published/secrets.bin: what @latchkey/server knows of HMAC secrets that were published, as hashes from
// which none of them can be read. Usage: write-published-secrets FOLDER [--check]. The folder holds `*.list` files of one secret
// a line, `passwords.txt` of one password and its count a line, and JSON files with symmetric keys anywhere inside (RFC 7517).
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { filesIn } from './lib/files.mjs'

// Half of 32 bytes: the least whose text in hexadecimal is long enough to be taken for a secret.
const minBytes = 16
// As in published-secrets.ts, which reads them.
const hashBytes = 6
const target = fileURLToPath(new URL('../packages/server/published/secrets.bin', import.meta.url))

const [given, option] = process.argv.slice(2)
if (given === undefined) {
  console.error('Usage: write-published-secrets FOLDER [--check]')
  process.exit(2)
}
const secrets = readSecrets(resolve(given))
const hashes = new Set(secrets.filter((secret) => secret.length >= minBytes).map(hashOf))
const bytes = Buffer.from([...hashes].sort().join(''), 'hex')
const said = `published secrets: ${secrets.length} read, ${hashes.size} of ${minBytes} bytes and more, ${bytes.length} bytes`

if (option !== '--check') {
  writeFileSync(target, bytes)
  console.log(said)
} else if (existsSync(target) && readFileSync(target).equals(bytes)) {
  console.log(said)
} else {
  console.log(`published secrets: ${target} is another; write it anew`)
  process.exitCode = 1
}

function hashOf(secret) {
  return createHash('sha256')
    .update(secret)
    .digest('hex')
    .slice(0, 2 * hashBytes)
}

function readSecrets(folder) {
  return filesIn(folder)
    .flatMap((path) => {
      const text = () => readFileSync(join(folder, path), 'utf8')
      if (path.endsWith('.list')) return linesOf(text())
      if (path.endsWith('/passwords.txt')) return linesOf(text()).map((line) => line.toString().replace(/ +\d+$/, ''))
      return path.endsWith('.json') ? keysIn(JSON.parse(text())) : []
    })
    .map((secret) => Buffer.from(secret))
}

function linesOf(text) {
  return text.split('\n').map((line) => Buffer.from(line.trim()))
}

function keysIn(value) {
  if (typeof value !== 'object' || value === null) return []
  const own = value.kty === 'oct' && typeof value.k === 'string' ? [Buffer.from(value.k, 'base64url')] : []
  return [...own, ...Object.values(value).flatMap(keysIn)]
}
