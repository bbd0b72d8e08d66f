/** New private keys, which can be exported. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

export type PrivateKeyType = 'ES256' | 'EdDSA' | { readonly modulusLength: number; readonly publicExponent?: number }

/**
 * Makes a key on P-256, on Ed25519, or of RSA. Use it in place of `generateKeyPairSync` without encodings: Node 20 holds a
 * lock of such a key while it exports it as JWK, and takes the same lock when memory is collected and with it what generated the
 * key; both at once, and the process hangs for good. A key that was read from its encoding has a lock of its own.
 */
export function generatePrivateKey(type: PrivateKeyType): KeyObject {
  return createPrivateKey({ key: generateDer(type), format: 'der', type: 'pkcs8' })
}

function generateDer(type: PrivateKeyType): Buffer {
  const publicKeyEncoding = { format: 'der', type: 'spki' } as const
  const privateKeyEncoding = { format: 'der', type: 'pkcs8' } as const
  if (type === 'EdDSA') return generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding }).privateKey
  if (type === 'ES256') {
    return generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding }).privateKey
  }
  return generateKeyPairSync('rsa', { ...type, publicKeyEncoding, privateKeyEncoding }).privateKey
}
