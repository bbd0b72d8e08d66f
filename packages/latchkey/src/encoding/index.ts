export { decodeBase64url, decodeBase64urlText, encodeBase64url, isBase64url } from './base64url.js'
export { equalConstantTime } from './constant-time.js'
export { type JsonObject, readStrictJson, type StrictJson } from './strict-json.js'
export { decodeUtf8 } from './utf8.js'
