/** Tokens that were verified before, bounded in number and in bytes. */

/**
 * What is kept of a token, with the text that it came in: the token itself, or the line of the header around it. The cache writes
 * its own copy of the text there: a hit then reads one object, not two.
 */
export interface Cached {
  text: string
  /** Whether it is the line: a token alone is none. */
  readonly isLine: boolean
}

export interface TokenCache<Value extends Cached> {
  /** The value stored with exactly this text. */
  get(text: string): Value | undefined
  /** The same, without counting. */
  find(text: string): Value | undefined
  /** Takes the texts of verified tokens only: ASCII, with the signature at their end. */
  set(text: string, value: Value): void
}

/** How often a token was found, and how often not: wrong ones are never found. */
export interface CacheCounts {
  hits: number
  misses: number
}

export const noCounts = (): CacheCounts => ({ hits: 0, misses: 0 })

const bytesPerEntry = 2048
/** An entry takes about twice its token's text and this beside: 1,936 bytes in all were seen for 493 characters on Node 20. */
const fixedBytes = 950

/**
 * Keyed by a number made of the end of the signature; the whole text is compared on a hit, since that proves nothing. Two
 * generations: when the young one is half of the bound it becomes the old one, and what was not asked for since then is
 * forgotten, so that no entry costs bookkeeping. A token comes in when it is set a second time: many that are used once cost no
 * more than without a cache, and push nothing out. `entries` 0 keeps nothing, and counts nothing.
 */
export function createTokenCache<Value extends Cached>(
  entries: number,
  counts: CacheCounts = noCounts(),
): TokenCache<Value> {
  if (entries === 0) return { get: () => undefined, find: () => undefined, set() {} }
  const wasSetBefore = createSightings(entries)
  const halfEntries = Math.ceil(entries / 2)
  const halfBytes = (entries * bytesPerEntry) / 2
  let young = new Map<number, Value>()
  let old = new Map<number, Value>()
  let youngBytes = 0

  function keep(mark: number, value: Value): void {
    const bytes = fixedBytes + 2 * value.text.length
    if (bytes > halfBytes) return
    if (young.size >= halfEntries || youngBytes + bytes > halfBytes) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    young.set(mark, value)
    youngBytes += bytes
  }

  function set(text: string, value: Value): void {
    const mark = markOf(text)
    if (!wasSetBefore(mark)) return
    // V8 keeps the text that a part was cut from as long as the part: here the whole header, with its Basic password.
    value.text = Buffer.from(text, 'latin1').toString('latin1')
    keep(mark, value)
  }

  function find(text: string): Value | undefined {
    const mark = markOf(text)
    const recent = young.get(mark)
    const value = recent ?? old.get(mark)
    if (value?.text !== text) return undefined
    if (recent === undefined) keep(mark, value)
    return value
  }

  function get(text: string): Value | undefined {
    const value = find(text)
    if (value === undefined) counts.misses++
    else counts.hits++
    return value
  }

  return { get, find, set }
}

const markedLength = 9

/** Never 0. Two texts of the same mark push each other out; of 50,000 about one does. */
function markOf(text: string): number {
  // One token may come in several texts.
  let mark = text.length
  // Characters of the signature, which are as good as random ones.
  for (let i = Math.max(0, text.length - markedLength); i < text.length; i++) {
    mark = (Math.imul(mark, 0x9e3779b1) + text.charCodeAt(i)) | 0
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
