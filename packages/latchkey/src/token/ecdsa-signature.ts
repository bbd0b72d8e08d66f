/**
 * ECDSA signatures as OpenSSL takes them (DER, RFC 3279 section 2.2.3), from those of a JWS (RFC 7518 section 3.4): with
 * `ieee-p1363` node:crypto does the same in ten times the time.
 */

const [sequence, integer] = [0x30, 0x02]
/** Of P-256. */
const numberBytes = 32
const longest = 2 + 2 * (2 + 1 + numberBytes)
const der = Buffer.alloc(longest)
const views = Array.from({ length: longest + 1 }, (_, length) => der.subarray(0, length))
der[0] = sequence

/** The signature of 64 bytes as DER; good until the next call. */
export function toDerSignature(signature: Uint8Array): Uint8Array {
  const middle = writeInteger(signature, 0, 2)
  const end = writeInteger(signature, numberBytes, middle)
  der[1] = end - 2
  return views[end] as Uint8Array
}

/** Writes a number, without leading zeros but one where it would be negative; answers where it ends. */
function writeInteger(signature: Uint8Array, start: number, at: number): number {
  const end = start + numberBytes
  let first = start
  while (first < end - 1 && signature[first] === 0) first++
  const zeros = (signature[first] as number) > 127 ? 1 : 0
  der[at] = integer
  der[at + 1] = zeros + end - first
  der[at + 2] = 0
  let to = at + 2 + zeros
  for (let i = first; i < end; i++) der[to++] = signature[i] as number
  return to
}
