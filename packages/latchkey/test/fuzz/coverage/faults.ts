/** Faults of the kind that each target is there to find. */
import type { Fault } from './code-under-test.js'

export interface PlantedFault extends Fault {
  readonly target: string
  readonly what: string
}

const token = 'latchkey/dist/token'
const encoding = 'latchkey/dist/encoding'
const header = 'latchkey/dist/http/authorization-header.js'
const credential = 'server/dist/sessions/credential-text.js'

export const faults: readonly PlantedFault[] = [
  {
    ...{ target: 'header', what: 'takes an empty token', file: header },
    ...{ from: "if (token === '')", to: 'if (token === null)' },
  },
  {
    ...{ target: 'header', what: 'takes Basic where it is switched off', file: 'latchkey/dist/auth/decide.js' },
    ...{ from: " || (credentials.scheme === 'basic' && !need.basic)", to: '' },
  },
  {
    ...{ target: 'basic', what: 'takes any spelling of base64', file: header },
    ...{ from: " || bytes.toString('base64') !== text", to: '' },
  },
  {
    ...{ target: 'compact', what: 'takes padding', file: `${encoding}/base64url.js` },
    ...{
      from: "scratch.toString('base64url', 0, length) === text",
      to: "scratch.toString('base64url', 0, length) === text.replace(/=+$/, '')",
    },
  },
  {
    ...{ target: 'compact', what: 'takes unused bits', file: `${encoding}/base64url.js` },
    ...{ from: 'return (value & 15) === 0', to: 'return true' },
  },
  {
    ...{ target: 'claims', what: 'takes tokens of any life', file: `${token}/claims.js` },
    ...{ from: 'exp - iat <= maxTtlSeconds', to: 'exp - iat <= maxTtlSeconds + 1' },
  },
  {
    ...{ target: 'claims', what: 'takes a counter of 2^31-1', file: `${token}/claims.js` },
    ...{ from: 'value < maxInt32', to: 'value <= maxInt32' },
  },
  {
    ...{ target: 'json', what: 'takes repeated keys that are escaped', file: `${encoding}/strict-json.js` },
    ...{ from: 'if (keys.has(string))', to: 'if (string === raw && keys.has(string))' },
  },
  {
    ...{ target: 'json', what: 'throws a TypeError on a lone surrogate', file: `${encoding}/strict-json.js` },
    ...{ from: 'if (loneSurrogate.test(string)', to: 'if (/[\\ud800-\\udfff]/.test(encodeURIComponent(string))' },
  },
  {
    ...{ target: 'jwk', what: 'takes keys of another use', file: `${token}/read-jwk.js` },
    ...{ from: "jwk.use !== undefined && jwk.use !== 'sig'", to: "jwk.use === ''" },
  },
  {
    ...{ target: 'jwk', what: 'throws what it was not given', file: `${token}/read-jwk.js` },
    ...{ from: 'Array.isArray(jwk)', to: 'jwk.key_ops.length === 0' },
  },
  {
    ...{ target: 'refresh-token', what: 'takes any generation', file: 'server/dist/sessions/refresh-token.js' },
    ...{ from: 'gen === undefined || gen > maxGen', to: 'gen === undefined' },
  },
  {
    ...{ target: 'refresh-token', what: 'takes another alphabet', file: credential },
    ...{ from: '[A-Za-z0-9_-]', to: '[A-Za-z0-9_+-]' },
  },
  {
    ...{ target: 'api-key', what: 'does not look at the checksum', file: credential },
    ...{ from: 'whole.readUInt32BE(length) === crc32(bytes, crc32(prefix))', to: 'whole.readUInt32BE(length) > 0' },
  },
  {
    ...{ target: 'api-key', what: 'takes longer texts', file: credential },
    ...{ from: 'text.length !== prefix.length + characters', to: 'text.length < prefix.length + characters' },
  },
]
