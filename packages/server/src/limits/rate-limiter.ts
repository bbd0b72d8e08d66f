/** Two files of the library: its index loads a store for every database that it knows, 8 MB of them. */
import { createRequire } from 'node:module'
import type * as Library from 'rate-limiter-flexible'

const require = createRequire(import.meta.url)

export const RateLimiterMemory: typeof Library.RateLimiterMemory = require('rate-limiter-flexible/lib/RateLimiterMemory.js')
export const RateLimiterRes: typeof Library.RateLimiterRes = require('rate-limiter-flexible/lib/RateLimiterRes.js')
