import { createPublicKey, type KeyObject, sign } from 'node:crypto'

/** Names of signature algorithms, as DER (RFC 5758, RFC 8017, RFC 8410). */
const algorithms: Readonly<Record<string, string>> = {
  ec: '300a06082a8648ce3d040302',
  rsa: '300d06092a864886f70d01010b0500',
  ed25519: '300506032b6570',
}

/** A certificate that signed itself (RFC 5280), in base64, as a member of `x5c` (RFC 7515 section 4.1.6). */
export function certificateOf(privateKey: KeyObject): string {
  const type = privateKey.asymmetricKeyType as string
  const algorithm = Buffer.from(algorithms[type] as string, 'hex')
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, 'id.example'))))
  const spki = createPublicKey(privateKey as never).export({ type: 'spki', format: 'der' })
  const content = der(
    0x30,
    ...[der(0xa0, der(0x02, '\x02')), der(0x02, '\x01'), algorithm, name],
    ...[der(0x30, der(0x17, '250101000000Z'), der(0x17, '491231235959Z')), name, spki],
  )
  const signature = sign(type === 'ed25519' ? null : 'sha256', content, privateKey)
  return der(0x30, content, algorithm, der(0x03, '\0', signature)).toString('base64')
}

function der(tag: number, ...parts: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 255 ? 4 : 2, '0'), 'hex')
  const head = content.length < 128 ? [tag] : [tag, 0x80 + length.length]
  return Buffer.concat([Buffer.from(head), length, content])
}
