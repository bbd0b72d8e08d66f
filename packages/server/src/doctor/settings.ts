/** Settings that are right for some deployments and wrong for others. */

import { isLoopback } from '../config/loopback.js'
import type { Environment } from '../config/read-environment.js'
import type { ReadyConfig } from '../config.js'
import { type Finding, fault, ok } from './finding.js'

const daySeconds = 86_400

/** Tokens of a month are for the machine of a developer. */
export function checkDevelopment(config: ReadyConfig, environment: Environment): Finding {
  const { host, issuer, accessTtlSeconds } = config
  if (environment.NODE_ENV !== 'development') return ok('NODE_ENV', 'NODE_ENV is not development.')
  const days = Math.floor(accessTtlSeconds / daySeconds)
  const found = `NODE_ENV is development, and tokens live for ${days} days`
  const isAtHome = isLoopback(host) && isLoopback(new URL(issuer).hostname)
  if (isAtHome || days < 1) return ok('NODE_ENV', `${found}; ${isAtHome ? 'on this machine alone' : 'as was set'}.`)
  return fault('NODE_ENV', `${found} on a server that others reach.`, 'Set NODE_ENV=production, or accessTtlSeconds.')
}

/** A note: either is right somewhere. */
export function checkRegistration({ registration }: Pick<ReadyConfig, 'registration'>): Finding {
  const open = 'Anybody may register; registration: false ends that.'
  return ok('registration', registration ? open : 'Nobody may register; "latchkey user add" makes users.')
}

/** A note: either is right somewhere. */
export function checkFeedAccess({ feedAccess }: Pick<ReadyConfig, 'feedAccess'>): Finding {
  const open = 'Anybody may read the feed of revocations, which holds no names; feedAccess: "key" ends that.'
  const closed = 'The feed of revocations needs a key with the scope revocation:read.'
  return ok('feed access', feedAccess === 'public' ? open : closed)
}
