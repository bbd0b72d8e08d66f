import { LatchkeyError } from 'latchkey'
import { readAuthorization } from 'latchkey/http'
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
 * Reads `client_secret_basic`, as strictly as guards read Basic, or `client_secret_post`; undefined when the request has neither.
 * @throws LatchkeyError `parameter_invalid` for a secret beside Authorization, and for another id in the form than in Basic.
 */
export function readClientCredentials(c: ApiContext, form: ClientForm = {}): ClientCredentials | undefined {
  const line = c.req.header('authorization')
  const sent = readAuthorization(line === undefined ? [] : [line])
  const { client_id, client_secret: secret } = form
  if (sent.kind === 'none') return secret === undefined ? undefined : { id: client_id ?? '', secret }
  if (secret !== undefined) throw refused('client_secret', 'must not be sent beside Authorization')
  if (sent.kind !== 'token' || sent.scheme !== 'basic') return undefined
  const id = formDecode(sent.token)
  if (client_id !== undefined && client_id !== id) throw refused('client_id', 'must be the one in Authorization')
  return { id, secret: formDecode(sent.password) }
}

/** What this answers to credentials that are wrong: a challenge that OAuth libraries know (RFC 6749 section 5.2). */
export function clientRefused(): LatchkeyError {
  return new LatchkeyError('auth_failed', {
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
  })
}

function refused(field: keyof ClientForm, reason: string): LatchkeyError {
  return new LatchkeyError('parameter_invalid', { msg: { [field]: [reason] } })
}

/** Both halves are written as in a form before they are written as Basic. */
function formDecode(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') as string
}
