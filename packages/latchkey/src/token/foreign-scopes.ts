/** The scopes that another issuer granted: `scope` (RFC 9068 section 2.2.3), or `scp` where that is what it writes. */
import type { JsonObject } from '../encoding/index.js'

/**
 * Reads `scope`, a text, or where there is none `scp`, a text or a list; undefined when it is anything else. An entry with `*` or
 * a leading `!` is dropped: to the issuer it is a name like any other, to us it would allow or forbid a whole family of scopes.
 * The others stay as they are; a guard asks for `resource:action` by its exact name.
 */
export function readForeignScopes({ scope, scp }: JsonObject): readonly string[] | undefined {
  const entries = scope === undefined ? listOf(scp) : typeof scope === 'string' ? scope.split(' ') : undefined
  return entries && Object.freeze(entries.filter((entry) => entry !== '' && !/^!|\*/.test(entry)))
}

function listOf(scp: unknown): readonly string[] | undefined {
  if (scp === undefined) return []
  if (typeof scp === 'string') return scp.split(' ')
  return Array.isArray(scp) && scp.every((entry) => typeof entry === 'string') ? scp : undefined
}
