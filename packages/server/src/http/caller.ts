import { addressPrefix } from '../limits/address-prefix.js'
import type { Caller } from '../sessions/refresh.js'
import type { ApiContext } from './api-context.js'

const maxAgentLength = 512

/**
 * Makes the reader of where a request came from. Behind `trustedProxies` proxies that each add the address they were asked from
 * to X-Forwarded-For, it is the entry that the first of them wrote, counted from the right: what stands left of it the client
 * wrote itself. With none it is the connection's own address, and no header counts.
 */
export function createCallerOf(trustedProxies: number): (c: ApiContext) => Caller {
  return (c) => ({
    // Where a proxy names no address, all that come through it are counted together.
    addressPrefix:
      addressPrefix(forwardedFor(c, trustedProxies)) ?? addressPrefix(c.env.incoming?.socket?.remoteAddress),
    requestId: c.get('requestId'),
    userAgent: c.req.header('user-agent')?.slice(0, maxAgentLength),
  })
}

function forwardedFor(c: ApiContext, trustedProxies: number): string | undefined {
  if (trustedProxies === 0) return undefined
  const entries = (c.req.header('x-forwarded-for') ?? '').split(',').map((entry) => entry.trim())
  return withoutPort(entries[Math.max(entries.length - trustedProxies, 0)] ?? '')
}

/** Some proxies write `192.0.2.1:1234` or `[2001:db8::1]:1234`. */
function withoutPort(address: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/.exec(address) ?? []
  return bracketed ?? plain ?? address
}
