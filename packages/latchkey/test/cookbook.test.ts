/** The examples of RFC 7520 (JOSE cookbook), RFC 7797 and RFC 8037, byte for byte. */
import { LatchkeyError } from 'latchkey'
import { signCompact, verifyCompact } from 'latchkey/jws'
import { generateKey, importKey, type Jwk } from 'latchkey/token'
import { expect, it } from 'vitest'
import { describeVectors, reportRecords } from './vectors.js'

const ours = ['jws/4_4.hmac-sha2_integrity_protection.json', 'curve25519/jws.json']
const foreign = ['jws/4_1.rsa_v15_signature.json', 'jws/4_2.rsa-pss_signature.json', 'jws/4_3.ecdsa_signature.json']
const otherForms = [
  'jws/4_5.signature_with_detached_content.json',
  'jws/4_6.protecting_specific_header_fields.json',
  'jws/4_7.protecting_content_only.json',
  'jws/4_8.multiple_signatures.json',
]
const unencoded = ['rfc7797/4.2.hmac-sha2_b64_false.json', 'rfc7797/hmac-sha2_b64_false.json']

describeVectors('the JOSE cookbook', 'ietf-jose-cookbook', ({ json }) => {
  /** The example's key with the algorithm the example uses it for. */
  const keyOf = (example: { input: { key: Jwk; alg: string } }): Jwk => ({
    alg: example.input.alg,
    ...example.input.key,
  })
  const refuses = (text: string, key: Parameters<typeof verifyCompact>[1]) => {
    try {
      verifyCompact(text, key)
    } catch (error) {
      expect(error).toBeInstanceOf(LatchkeyError)
      return true
    }
    return false
  }

  it.each(ours)('signs and verifies %s to the byte', (file) => {
    const example = json(file)
    const payload = Buffer.from(example.input.payload)
    const compact: string = example.output.compact
    expect(signCompact(payload, keyOf(example), example.signing.protected)).toBe(compact)
    const verified = verifyCompact(compact, keyOf(example))
    expect(verified.header).toEqual(example.signing.protected)
    expect(Buffer.from(verified.payload).toString()).toBe(example.input.payload)
    reportRecords(file, 1, 1)
  })

  it('gives the thumbprint of RFC 8037 appendix A.3 as the name of its key', () => {
    expect(importKey(keyOf(json('curve25519/jws.json'))).kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  it.each(foreign)('refuses %s: its key is not of our algorithms, and no other key verifies it', (file) => {
    const example = json(file)
    expect(() => importKey(keyOf(example))).toThrow(TypeError)
    for (const alg of ['EdDSA', 'ES256', 'HS256', 'HS384', 'HS512'] as const) {
      const kid = example.signing.protected.kid
      expect(refuses(example.output.compact, { ...generateKey(alg).toPrivateJwk(), kid })).toBe(true)
    }
    reportRecords(file, 1, 0)
  })

  it.each([...otherForms, ...unencoded, ...ours])('refuses the detached and JSON forms of %s', (file) => {
    const { input, output } = json(file)
    const hmac = [input.key].flat().find((key: Jwk) => key.kty === 'oct' || key.crv === 'Ed25519')
    const key = importKey({ alg: hmac.kty === 'oct' ? 'HS256' : 'EdDSA', ...hmac })
    const texts = [output.json, output.json_flat]
      .filter((form) => form !== undefined)
      .map((form) => JSON.stringify(form))
    if (!ours.includes(file) && output.compact !== undefined) texts.push(output.compact)
    const flat = output.json_flat ?? output.json.signatures[0]
    texts.push(`${flat.protected ?? ''}..${flat.signature}`)
    for (const text of texts) expect(refuses(text, key), text).toBe(true)
    reportRecords(file, texts.length, 0)
  })

  it.each(unencoded)('refuses the unencoded payload of %s though its signature is right', (file) => {
    const { signing, input, output } = json(file)
    const key = importKey(keyOf(json(file)))
    for (const header of [signing.protected, { ...signing.protected, crit: undefined }]) {
      expect(() => signCompact(Buffer.from(input.payload), key, header)).toThrow(TypeError)
    }
    const flat = output.json_flat ?? output.json.signatures[0]
    expect(refuses(`${flat.protected}.${input.payload}.${flat.signature}`, key)).toBe(true)
    const payload = Buffer.from(input.payload).toString('base64url')
    expect(refuses(`${flat.protected}.${payload}.${flat.signature}`, key)).toBe(true)
  })

  it.each([
    ['3_1.ec_public_key', 'ES512'],
    ['3_2.ec_private_key', 'ES256'],
    ['3_3.rsa_public_key', 'RS256'],
    ['3_4.rsa_private_key', 'HS256'],
    ['3_6.symmetric_key_encryption', undefined],
  ])('refuses the key %s, also when told it is for %s', (file, alg) => {
    const jwk = json(`jwk/${file}.json`)
    expect(() => importKey(jwk)).toThrow(TypeError)
    if (alg) expect(() => importKey({ ...jwk, alg })).toThrow(TypeError)
  })

  it('imports the HS256 key of RFC 7520 section 3.5', () => {
    const key = importKey(json('jwk/3_5.symmetric_key_mac_computation.json'))
    expect([key.alg, key.symmetric]).toEqual(['HS256', true])
  })
})
