import { createHash } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { WebhookSettings } from '../config.js'
import { weaknessOf } from '../signing-keys/secret-weakness.js'
import { StartError } from '../store/start-error.js'

/** Where messages go: an entry of the setting `webhooks`. */
export interface Endpoint {
  /** Names it in the database: a hash of its URL, which may hold what is nobody's business. */
  readonly key: string
  /** Names it in the log: its place in the setting, and the origin of its URL. */
  readonly name: string
  readonly url: URL
  readonly events: ReadonlySet<string>
  /** The value of `webhook-signature` (Standard Webhooks 1.0). */
  sign(id: string, at: Date, body: string): string
}

/**
 * Makes the endpoints of a setting that was checked. Their secrets are seen through `sign` alone.
 * @throws StartError `webhook_secret_weak` when one can be guessed.
 */
export function createEndpoints(settings: readonly WebhookSettings[]): readonly Endpoint[] {
  return settings.map(({ url, secret, events }, i) => {
    const weakness = weaknessOf(Buffer.from(secret.slice('whsec_'.length), 'base64').toString('latin1'))
    if (weakness !== undefined) {
      throw new StartError(
        'webhook_secret_weak',
        `The secret of webhooks[${i}] is ${weakness}: messages could be forged. Make one: whsec_ and what "openssl rand -base64 32" prints.`,
      )
    }
    const webhook = new Webhook(secret)
    const parsed = new URL(url)
    return Object.freeze({
      key: createHash('sha256').update(parsed.href).digest().subarray(0, 16).toString('base64url'),
      name: `webhooks[${i}] ${parsed.origin}`,
      url: parsed,
      events: new Set<string>(events),
      sign: (id: string, at: Date, body: string) => webhook.sign(id, at, body),
    })
  })
}
