import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** What a sealed value belongs to; bound to it, so that it cannot be moved to another row or purpose. */
export interface SealedPlace {
  readonly table: string
  readonly id: string
  readonly use: string
}

const version = 1
const nonceBytes = 12
const tagBytes = 16

/** Encrypts with AES-256-GCM under a fresh nonce; `place` is its associated data. One byte of version stands in front. */
export function seal(key: Uint8Array, plain: Uint8Array, place: SealedPlace): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(associatedData(place))
  return Buffer.concat([Buffer.of(version), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Decrypts what `seal` made; undefined when the key or the place is another, or a bit was changed. */
export function unseal(key: Uint8Array, sealed: Uint8Array, place: SealedPlace): Buffer | undefined {
  if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version) return undefined
  const nonce = sealed.subarray(1, 1 + nonceBytes)
  const body = sealed.subarray(1 + nonceBytes, sealed.length - tagBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(associatedData(place))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  try {
    return Buffer.concat([decipher.update(body), decipher.final()])
  } catch {
    return undefined
  }
}

/** A key of 32 bytes for one use only, from a secret (HKDF-SHA-256, RFC 5869). */
export function deriveKey(secret: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', use, 32))
}

function associatedData({ table, id, use }: SealedPlace): Buffer {
  // JSON keeps the three apart, whatever they hold.
  return Buffer.from(JSON.stringify([table, id, use]))
}
