/** The JSON objects of a compact JWS: its header (RFC 7515 section 4), and its payload where that is one. */
import { decodeBase64urlText, decodeUtf8, type JsonObject, readStrictJson } from '../encoding/index.js'

/** The JSON object that a canonical base64url text holds, strictly read; undefined when it holds none. */
export function readJsonSegment(segment: string): JsonObject | undefined {
  const text = decodeBase64urlText(segment)
  return text === undefined ? undefined : readJsonText(text)
}

/** The same from bytes as a text of characters below 256. */
export function readJsonText(bytes: string): JsonObject | undefined {
  const text = /[\x80-\xff]/.test(bytes) ? decodeUtf8(Buffer.from(bytes, 'latin1')) : bytes
  if (text === undefined) return undefined
  const { value } = readStrictJson(text) as { value?: unknown }
  return isJsonObject(value) ? value : undefined
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
