/** Where an issuer says that its keys lie (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3). */
import type { JsonObject } from '../encoding/index.js'
import { checkAddress } from '../options.js'
import { fetchJson, UnexpectedStatus } from './fetch-json.js'
import { keysAreTrusted, metadataPath } from './server-address.js'

export interface IssuerPlace {
  /** Without a slash at its end. */
  readonly server: string
  /** What the metadata must name, character by character. */
  readonly issuer: string
  readonly allowHttp: boolean
}

export const maxDocumentBytes = 64 * 1024

/**
 * Reads the address of the key set from the metadata of OpenID Connect or, where that is 404, of OAuth 2.0.
 * @throws Error when neither can be read, names this issuer, and has a `jwks_uri` that may be asked.
 */
export async function readKeySetAddress(place: IssuerPlace, signal: AbortSignal): Promise<string> {
  const { server, issuer, allowHttp } = place
  const [url, { issuer: named, jwks_uri: address }] = await readMetadata(server, signal)
  if (named !== issuer) throw new Error(`${url} must name the issuer ${issuer}`)
  return checkAddress('jwks_uri', address, allowHttp, keysAreTrusted).href
}

/** OpenID Connect appends its path, RFC 8414 puts its own between host and path. */
async function readMetadata(server: string, signal: AbortSignal): Promise<readonly [url: string, json: JsonObject]> {
  const { origin, pathname } = new URL(server)
  const first = `${server}/.well-known/openid-configuration`
  try {
    return [first, (await fetchJson(first, { maxBytes: maxDocumentBytes, signal })).value]
  } catch (error) {
    if (!(error instanceof UnexpectedStatus) || error.status !== 404) throw error
  }
  const second = origin + metadataPath + (pathname === '/' ? '' : pathname)
  return [second, (await fetchJson(second, { maxBytes: maxDocumentBytes, signal })).value]
}
