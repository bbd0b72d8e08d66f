import { isLoopback } from '../config/loopback.js'
import type { ReadyConfig } from '../config.js'
import { type Finding, fault, ok, warning } from './finding.js'

/** Looks whether clients reach the server by TLS, as its name says. */
export function checkIssuer({ issuer }: Pick<ReadyConfig, 'issuer'>): Finding {
  const { protocol, hostname } = new URL(issuer)
  if (protocol === 'https:') return ok('issuer', `The issuer is ${issuer}.`)
  if (isLoopback(hostname)) return ok('issuer', `The issuer is ${issuer}, which is this machine alone.`)
  const advice = 'Put a proxy that speaks TLS in front, and give its https URL as LATCHKEY_ISSUER.'
  return fault('issuer', `The issuer ${issuer} is no https URL: passwords and tokens are sent in the clear.`, advice)
}

/** An https issuer stands behind something that speaks TLS, since the server does not. */
export function checkProxy({
  issuer,
  trustedProxies,
  host,
}: Pick<ReadyConfig, 'issuer' | 'trustedProxies' | 'host'>): Finding {
  const behind = new URL(issuer).protocol === 'https:'
  if (trustedProxies > 0)
    return ok('proxy', `${trustedProxies} proxies are trusted to add the client to X-Forwarded-For.`)
  if (!behind) return ok('proxy', 'No proxy is trusted: no header counts as the address of a client.')
  const where = isLoopback(host) ? 'on loopback ' : ''
  const found = `The issuer is https and the server listens ${where}without TLS, so a proxy is in front: limits count it as one client.`
  return warning('proxy', found, 'Give LATCHKEY_TRUSTED_PROXIES=1, or how many proxies add to X-Forwarded-For.')
}
