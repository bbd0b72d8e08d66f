/** Every parser that reads what strangers send. */
import type { TargetDefinition } from '../target.js'
import { basic } from './basic.js'
import { claims } from './claims.js'
import { compact } from './compact.js'
import { apiKey, refreshToken } from './credentials.js'
import { header } from './header.js'
import { json } from './json.js'
import { jwk } from './jwk.js'

export const targets: readonly TargetDefinition[] = [header, basic, compact, claims, json, jwk, refreshToken, apiKey]
