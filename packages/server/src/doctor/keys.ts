import type { ReadyConfig } from '../config.js'
import { readRows } from '../signing-keys/key-rows.js'
import { openSigningKeys } from '../signing-keys/signing-keys.js'
import { StartError } from '../store/start-error.js'
import type { Store } from '../store/store.js'
import { type Finding, fault, noStart, ok, warning } from './finding.js'

const mostDays = 365
const daySeconds = 86_400

/** Opens the signing keys with the secret, and looks at their age; makes none where there are none. */
export async function checkKeys(
  store: Store,
  { secret, algorithm, keyLeadSeconds }: ReadyConfig,
): Promise<readonly Finding[]> {
  const rows = await readRows(store.db)
  if (rows.length === 0) return [ok('keys', 'There are none yet; the first start makes them.')]
  try {
    const keys = await openSigningKeys({ store, secret, algorithm, keyLeadSeconds })
    const count = `${rows.length} keys open with the secret.`
    const hasNext = rows.some(({ sign_from, sign_until }) => sign_from === null && sign_until === null)
    return [
      ok('keys', count),
      checkAge(keys.signingSince(store.now()), store.now()),
      checkNext(hasNext, keyLeadSeconds),
    ]
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return [fault('keys', error.message, noStart)]
  }
}

function checkAge(since: number | undefined, now: number): Finding {
  if (since === undefined)
    return fault('signing key', 'No key may sign at this moment.', 'Run: latchkey key rotate --now')
  const days = Math.floor((now - since) / daySeconds)
  const found = `The signing key has signed for ${days} days.`
  return days <= mostDays ? ok('signing key', found) : warning('signing key', found, 'Run: latchkey key rotate')
}

function checkNext(hasNext: boolean, leadSeconds: number): Finding {
  if (hasNext) return ok('next key', 'The next key is published already.')
  const found = `No next key is published: a rotation waits ${leadSeconds} seconds for every service to read one.`
  return warning(
    'next key',
    found,
    'Run: latchkey key rotate --now, once services may fetch keys anew; it publishes another.',
  )
}
