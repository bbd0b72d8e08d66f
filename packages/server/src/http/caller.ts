import { addressPrefix } from '../limits/address-prefix.js'
import type { Caller } from '../sessions/refresh.js'
import type { ApiContext } from './api-context.js'

const maxAgentLength = 512

/** From where a request came: the connection's own address, since no header that a proxy could add is trusted. */
export function callerOf(c: ApiContext): Caller {
  return {
    addressPrefix: addressPrefix(c.env.incoming?.socket?.remoteAddress),
    userAgent: c.req.header('user-agent')?.slice(0, maxAgentLength),
  }
}
