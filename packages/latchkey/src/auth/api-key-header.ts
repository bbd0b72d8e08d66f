/** How an API key is shown to the server: its id as the user name of Basic, the key as the password (RFC 6749 section 2.3.1). */
import { decodeBase64url, encodeBase64url } from '../encoding/index.js'

const idBytes = 16

/** @throws TypeError for a text that is no API key; never with the text. */
export function writeApiKeyHeader(apiKey: string): string {
  const bytes = /^lkk_[\w-]{72}$/.test(apiKey) ? decodeBase64url(apiKey.slice(4)) : undefined
  if (bytes === undefined) throw new TypeError('apiKey must be an API key of the server: lkk_ and 72 characters')
  return `Basic ${Buffer.from(`${encodeBase64url(bytes.subarray(0, idBytes))}:${apiKey}`).toString('base64')}`
}
