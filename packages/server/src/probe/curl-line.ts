import type { ProbeRequest } from './sender.js'
import type { Credential } from './trick.js'

/** One line for a POSIX shell that sends the same, with `$TOKEN` and its like in the place of tokens. */
export function curlLine(origin: string, request: ProbeRequest, credential: Credential | undefined): string {
  const { method, target, headers, body } = request
  const words = ['curl -i --path-as-is', method === 'HEAD' ? '-I' : `-X ${method}`, quote(origin + target)]
  if (credential !== undefined) {
    // curl sends an empty header for a name with a semicolon alone.
    words.push(credential.shell === '' ? "-H 'Authorization;'" : `-H "Authorization: ${credential.shell}"`)
  }
  // curl accepts anything by itself.
  const written = Object.entries(headers).filter(([name]) => name !== 'accept')
  for (const [name, value] of written) words.push(`-H ${quote(`${name}: ${value}`)}`)
  if (body !== undefined) words.push(`--data-binary ${quote(body)}`)
  return words.join(' ')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
