import type { LimitSettings } from '../config.js'
import { type Finding, ok, warning } from './finding.js'

/** Looks for limits that are off: the setting `limits`, by name, where 0 means no limit. */
export function checkLimits(limits: LimitSettings): Finding {
  const off = Object.entries(limits).flatMap(([name, limit]) => (limit === 0 ? [name] : []))
  if (off.length === 0) return ok('limits', 'Every limit is on.')
  return warning(
    'limits',
    `Off are the limits ${off.join(', ')}.`,
    'Give each a number, unless something in front counts.',
  )
}
