/** A list of keys that verify tokens, each found by its name. */

import type { Jwk } from './jwk.js'
import { importKey, Key } from './key.js'

/** Keys as they may be given: one or many, as `Key` or JWK, or a JWK set (RFC 7517 section 5). */
export type Keys = Key | Jwk | readonly (Key | Jwk)[] | { readonly keys: readonly (Key | Jwk)[] }

/**
 * Imports what is not yet a `Key` and copies the list.
 * @throws TypeError when it is empty, two keys share a name, or shared secrets stand beside key pairs: a public key could
 * then be taken for a secret.
 */
export function readKeys(keys: Keys): readonly Key[] {
  const list = listOf(keys).map((key) => (key instanceof Key ? key : importKey(key)))
  if (list.length === 0) throw new TypeError('A verifier needs at least one key')
  if (new Set(list.map((key) => key.kid)).size !== list.length) throw new TypeError('Two keys must not share a kid')
  if (list.some((key) => key.symmetric) && !list.every((key) => key.symmetric)) {
    throw new TypeError('Shared secrets (HS256, HS384, HS512) and key pairs must not stand in one list')
  }
  if (!list.every((key) => key.canVerify)) throw new TypeError('Each key must allow "verify" in its key_ops')
  return Object.freeze(list)
}

function listOf(keys: Keys): readonly (Key | Jwk)[] {
  if (keys instanceof Key) return [keys]
  if (Array.isArray(keys)) return keys
  if (typeof keys !== 'object' || keys === null) throw new TypeError('Keys are a JWK, a list of them, or a JWK set')
  if (!('keys' in keys)) return [keys as Jwk]
  if (!Array.isArray(keys.keys)) throw new TypeError('A JWK set has "keys", a list (RFC 7517 section 5)')
  return keys.keys
}
