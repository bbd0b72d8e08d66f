/** HMAC secrets that were published, as hashes: lists of them are what somebody who guesses tries first. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** As in tools/write-published-secrets.mjs, which writes the file: a chance of one in 10^10 that another secret is taken for one. */
const hashBytes = 6
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/
const hexadecimal = /^(?:[0-9a-f]{2})+$/i

let known: ReadonlySet<string> | undefined

/**
 * Whether a secret is on a list of published ones, as it stands or as the base64 or hexadecimal text of one. Knows those of 16
 * bytes and more. The file is read the first time.
 */
export function isPublishedSecret(secret: string): boolean {
  known ??= readHashes()
  const forms = [Buffer.from(secret)]
  if (base64.test(secret)) forms.push(Buffer.from(secret, 'base64'))
  if (hexadecimal.test(secret)) forms.push(Buffer.from(secret, 'hex'))
  return forms.some((form) =>
    known?.has(
      createHash('sha256')
        .update(form)
        .digest('hex')
        .slice(0, 2 * hashBytes),
    ),
  )
}

function readHashes(): ReadonlySet<string> {
  const text = readFileSync(new URL('../../published/secrets.bin', import.meta.url), 'hex')
  const hashes = new Set<string>()
  for (let at = 0; at < text.length; at += 2 * hashBytes) hashes.add(text.slice(at, at + 2 * hashBytes))
  return hashes
}
