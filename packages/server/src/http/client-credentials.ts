import { LatchkeyError } from 'latchkey'
import type { ApiContext } from './api-context.js'

/** How an OAuth client says who it is (RFC 6749 section 2.3.1). Here a client is an API key: its id, and the key itself. */
export interface ClientCredentials {
  readonly id: string
  readonly secret: string
}

/** The members of a form that say who the client is. */
export interface ClientForm {
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
}

/**
 * Reads `client_secret_basic` or `client_secret_post`; undefined when the request has neither.
 * @throws LatchkeyError `parameter_invalid` when it has both; `auth_failed` when Basic holds nothing that can be read.
 */
export function readClientCredentials(c: ApiContext, form: ClientForm = {}): ClientCredentials | undefined {
  const basic = /^basic(?: +|$)(.*)/is.exec(c.req.header('authorization') ?? '')
  const { client_id: id, client_secret: secret } = form
  if (basic === null) return secret === undefined ? undefined : { id: id ?? '', secret }
  if (secret !== undefined) {
    throw new LatchkeyError('parameter_invalid', {
      msg: { client_secret: ['must not be sent beside Authorization'] },
    })
  }
  return readBasic(basic[1] as string)
}

/** What this answers to credentials that are wrong: a challenge that OAuth libraries know (RFC 6749 section 5.2). */
export function clientRefused(): LatchkeyError {
  return new LatchkeyError('auth_failed', {
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
  })
}

function readBasic(text: string): ClientCredentials {
  const pair = Buffer.from(text, 'base64').toString()
  const colon = pair.indexOf(':')
  // Node decodes leniently; only the canonical text is what its bytes are written as.
  if (colon < 1 || Buffer.from(pair).toString('base64') !== text) throw clientRefused()
  return { id: formDecode(pair.slice(0, colon)), secret: formDecode(pair.slice(colon + 1)) }
}

/** Both halves are written as in a form before they are written as Basic. */
function formDecode(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') as string
}
