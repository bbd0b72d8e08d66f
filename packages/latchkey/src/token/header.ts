/** The protected header of a compact JWS (RFC 7515 section 4). */
import { decodeBase64url, decodeUtf8, type JsonObject, readStrictJson } from '../encoding/index.js'

/** The JSON object that a canonical base64url text holds, strictly read; undefined when it holds none. */
export function readJsonSegment(segment: string): JsonObject | undefined {
  const bytes = decodeBase64url(segment)
  const text = bytes && decodeUtf8(bytes)
  if (text === undefined) return undefined
  const { value } = readStrictJson(text) as { value?: unknown }
  return isJsonObject(value) ? value : undefined
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
