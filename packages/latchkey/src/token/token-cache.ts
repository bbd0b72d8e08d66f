/** Tokens that were verified before, bounded in number and in bytes. */

export interface TokenCache<Value> {
  /** The value stored with exactly this token. */
  get(token: string): Value | undefined
  /** Takes verified tokens only: ASCII, with the signature at their end. */
  set(token: string, value: Value): void
}

/** How often a token was found, and how often not: wrong ones are never found. */
export interface CacheCounts {
  hits: number
  misses: number
}

interface Entry<Value> {
  readonly token: string
  readonly tail: string
  readonly value: Value
}

/** Of every signature: about 128 bits. */
const tailLength = 22
const bytesPerEntry = 2048
/** An entry takes about twice its token's text and this beside: 1,936 bytes in all were seen for 493 characters on Node 20. */
const fixedBytes = 950

/**
 * Keyed by the end of the signature, which is short and differs; the whole token is compared on a hit, since that proves nothing. Two generations: when the young one is half of the bound it becomes the old one, and what was not asked for
 * since then is forgotten, so that no entry costs bookkeeping. A token comes in when it is set a second time: many that are
 * used once cost no more than without a cache, and push nothing out. `entries` 0 keeps nothing, and counts nothing.
 */
export function createTokenCache<Value>(
  entries: number,
  counts: CacheCounts = { hits: 0, misses: 0 },
): TokenCache<Value> {
  if (entries === 0) return { get: () => undefined, set() {} }
  const wasSetBefore = createSightings(entries)
  const halfEntries = Math.ceil(entries / 2)
  const halfBytes = (entries * bytesPerEntry) / 2
  let young = new Map<string, Entry<Value>>()
  let old = new Map<string, Entry<Value>>()
  let youngBytes = 0

  function keep(entry: Entry<Value>): void {
    const bytes = fixedBytes + 2 * entry.token.length
    if (bytes > halfBytes) return
    if (young.size >= halfEntries || youngBytes + bytes > halfBytes) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    young.set(entry.tail, entry)
    youngBytes += bytes
  }

  function set(token: string, value: Value): void {
    if (!wasSetBefore(token)) return
    // V8 keeps the text that a part was cut from as long as the part: here the whole header, with its Basic password.
    const own = Buffer.from(token, 'latin1').toString('latin1')
    keep({ token: own, tail: own.slice(-tailLength), value })
  }

  function get(token: string): Value | undefined {
    const tail = token.slice(-tailLength)
    const recent = young.get(tail)
    const entry = recent ?? old.get(tail)
    if (entry?.token !== token) {
      counts.misses++
      return undefined
    }
    if (recent === undefined) keep(entry)
    counts.hits++
    return entry.value
  }

  return { get, set }
}

const placesPerEntry = 2
const maxPlaces = 2 ** 20

/**
 * Whether a token was seen before; it counts as seen from then on. One number a place, which the next token there replaces: it
 * may forget one, and takes one in 2^32 for another.
 */
function createSightings(entries: number): (token: string) => boolean {
  const places = Math.min(maxPlaces, 2 ** Math.ceil(Math.log2(entries * placesPerEntry)))
  const seen = new Uint32Array(places)
  return (token) => {
    let hash = 0
    // Characters of the signature, which are as good as random ones.
    for (let i = token.length - 9; i < token.length; i++) hash = (Math.imul(hash, 0x9e3779b1) + token.charCodeAt(i)) | 0
    hash ^= hash >>> 15
    const place = hash & (places - 1)
    const mark = hash >>> 0 || 1
    if (seen[place] === mark) return true
    seen[place] = mark
    return false
  }
}
