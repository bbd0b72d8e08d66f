/** Tokens that were verified before, bounded in number and in bytes. */

/** What is kept of a token. The cache writes its own copy of the token there: a hit then reads one object, not two. */
export interface Cached {
  token: string
}

export interface TokenCache<Value extends Cached> {
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

const bytesPerEntry = 2048
/** An entry takes about twice its token's text and this beside: 1,936 bytes in all were seen for 493 characters on Node 20. */
const fixedBytes = 950

/**
 * Keyed by a number made of the end of the signature; the whole token is compared on a hit, since that proves nothing. Two
 * generations: when the young one is half of the bound it becomes the old one, and what was not asked for since then is
 * forgotten, so that no entry costs bookkeeping. A token comes in when it is set a second time: many that are used once cost no
 * more than without a cache, and push nothing out. `entries` 0 keeps nothing, and counts nothing.
 */
export function createTokenCache<Value extends Cached>(
  entries: number,
  counts: CacheCounts = { hits: 0, misses: 0 },
): TokenCache<Value> {
  if (entries === 0) return { get: () => undefined, set() {} }
  const wasSetBefore = createSightings(entries)
  const halfEntries = Math.ceil(entries / 2)
  const halfBytes = (entries * bytesPerEntry) / 2
  let young = new Map<number, Value>()
  let old = new Map<number, Value>()
  let youngBytes = 0

  function keep(mark: number, value: Value): void {
    const bytes = fixedBytes + 2 * value.token.length
    if (bytes > halfBytes) return
    if (young.size >= halfEntries || youngBytes + bytes > halfBytes) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    young.set(mark, value)
    youngBytes += bytes
  }

  function set(token: string, value: Value): void {
    const mark = markOf(token)
    if (!wasSetBefore(mark)) return
    // V8 keeps the text that a part was cut from as long as the part: here the whole header, with its Basic password.
    value.token = Buffer.from(token, 'latin1').toString('latin1')
    keep(mark, value)
  }

  function get(token: string): Value | undefined {
    const mark = markOf(token)
    const recent = young.get(mark)
    const value = recent ?? old.get(mark)
    if (value?.token !== token) {
      counts.misses++
      return undefined
    }
    if (recent === undefined) keep(mark, value)
    counts.hits++
    return value
  }

  return { get, set }
}

const markedLength = 9

/** Never 0. Two tokens of the same mark push each other out; of 50,000 about one does. */
function markOf(token: string): number {
  let mark = 0
  // Characters of the signature, which are as good as random ones.
  for (let i = Math.max(0, token.length - markedLength); i < token.length; i++) {
    mark = (Math.imul(mark, 0x9e3779b1) + token.charCodeAt(i)) | 0
  }
  return mark ^ (mark >>> 15) || 1
}

const placesPerEntry = 2
const maxPlaces = 2 ** 20
/** Side by side: where a mark may stand. */
const placesPerMark = 4

/**
 * Whether a mark was seen before; it counts as seen from then on. A new one takes the place of another, which is forgotten: by
 * chance, for more that come in turns than have room there would else push each other out for ever.
 */
function createSightings(entries: number): (mark: number) => boolean {
  const places = Math.max(placesPerMark, Math.min(maxPlaces, 2 ** Math.ceil(Math.log2(entries * placesPerEntry))))
  const seen = new Int32Array(places)
  return (mark) => {
    const first = mark & (places - placesPerMark)
    for (let i = 0; i < placesPerMark; i++) if (seen[first + i] === mark) return true
    seen[first + Math.floor(Math.random() * placesPerMark)] = mark
    return false
  }
}
