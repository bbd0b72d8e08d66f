/** A hash table from sessions to their minimum generation, in typed arrays: 24 bytes a slot, no object a row, and 2 MiB beside. */

const shardCount = 256
const firstUnit = 8
/** What one call of `sweep` looks at, and the rest of a shard. */
const sweepSlots = 2 ** 14
/** Of four slots at most three are taken, so that a search ends soon; as shards double in turn, a row costs about 46 bytes. */
const isFull = (used: number, slots: number) => used * 4 > slots * 3
const wordsPerSlot = 6
/** The first four characters of a sid. */
const beginningBits = 24
/** Those of a shard lie together: its sids begin with the same byte. */
const beginningWords = 2 ** beginningBits / 32 / shardCount
const sidLength = 22

const values = new Uint8Array(128)
for (const [value, character] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].entries()) {
  values[character.charCodeAt(0)] = value
}

/**
 * Keyed by the 128 bits of the `sid`. It is cut into shards that grow and are swept one at a time, so that neither stops the
 * loop. The bits are random, and those who could choose them could only slow down themselves: a `sid` is signed or stored.
 */
export class SessionTable {
  readonly #shards = Array.from({ length: shardCount }, (_, i) => new Shard(1 + i / shardCount))
  readonly #sid = new Uint32Array(4)
  /**
   * A bit for each beginning that a row has. Most sessions are in no row, and are told so by memory that stays near the
   * processor: with a million rows by nineteen of twenty looks, each far cheaper than one into the shards.
   */
  #beginnings = new Uint32Array(0)
  #size = 0
  /** The shard where the next sweep begins. */
  #next = 0

  get size(): number {
    return this.#size
  }

  /** The generation below which tokens of the session are refused; 0 when none are. */
  minimumOf(sid: string): number {
    if (this.#size === 0 || !this.#mayHold(sid) || !this.#read(sid)) return 0
    return this.#shardOf().minimumOf(this.#sid)
  }

  /** Raises the minimum, and never lowers it. `expiresAt` in epoch seconds. */
  raise(sid: string, min: number, expiresAt: number): void {
    if (!this.#read(sid)) return
    if (this.#beginnings.length === 0) this.#beginnings = new Uint32Array(2 ** beginningBits / 32)
    setBit(this.#beginnings, beginningOf(this.#sid[0] as number))
    this.#size += this.#shardOf().raise(this.#sid, min, expiresAt)
  }

  /** Forgets rows that expired by `nowSeconds`, in the next shards; `shardCount` calls go around at least once. */
  sweep(nowSeconds: number): void {
    let slots = 0
    for (let turn = 0; turn < shardCount && slots < sweepSlots; turn++) {
      const at = this.#next
      const shard = this.#shards[at] as Shard
      slots += shard.slots
      this.#next = (at + 1) % shardCount
      const gone = shard.sweep(nowSeconds)
      if (gone === 0) continue
      this.#size -= gone
      this.#beginnings.fill(0, at * beginningWords, (at + 1) * beginningWords)
      shard.markBeginnings(this.#beginnings)
    }
  }

  /** False when there is no row of this session; true says nothing. A text that is no sid may get either. */
  #mayHold(sid: string): boolean {
    const valueAt = (i: number) => values[sid.charCodeAt(i) & 127] as number
    const beginning = (valueAt(0) << 18) | (valueAt(1) << 12) | (valueAt(2) << 6) | valueAt(3)
    return (((this.#beginnings[beginning >>> 5] as number) >>> (beginning & 31)) & 1) === 1
  }

  #shardOf(): Shard {
    return this.#shards[(this.#sid[0] as number) >>> 24] as Shard
  }

  /** The four words of a sid; false for a text that is none. */
  #read(sid: string): boolean {
    if (sid.length !== sidLength) return false
    const words = this.#sid
    let bits = 0
    let held = 0
    let at = 0
    for (let i = 0; i < sidLength; i++) {
      const code = sid.charCodeAt(i)
      if (code > 127) return false
      // The last character holds two bits of the sid.
      const taken = i === sidLength - 1 ? 2 : 6
      const value = (values[code] as number) >> (6 - taken)
      const free = 32 - held
      if (taken < free) {
        bits = (bits << taken) | value
        held += taken
      } else {
        words[at++] = (bits << free) | (value >>> (taken - free))
        held = taken - free
        bits = value & ((1 << held) - 1)
      }
    }
    return true
  }
}

const beginningOf = (firstWord: number) => firstWord >>> (32 - beginningBits)

function setBit(bits: Uint32Array, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] as number) | (1 << (at & 31))
}

/**
 * Open addressing: a row lies in the first free slot at or after its place. The minimum 0 marks a free one. `stretch`, from 1 to
 * less than 2, is how many slots it has for each that one of 1 has: of shards that differ in it each doubles at a time of its own.
 */
class Shard {
  readonly #stretch: number
  #used = 0
  /** A power of two; `#slots` is so many times the stretch. */
  #unit = firstUnit
  #slots: number
  #words: Uint32Array

  constructor(stretch: number) {
    this.#stretch = stretch
    this.#slots = Math.floor(firstUnit * stretch)
    this.#words = new Uint32Array(this.#slots * wordsPerSlot)
  }

  get slots(): number {
    return this.#slots
  }

  minimumOf(sid: Uint32Array): number {
    return this.#words[this.#find(sid) + 4] as number
  }

  /** How many rows were added. */
  raise(sid: Uint32Array, min: number, expiresAt: number): number {
    if (min === 0) return 0
    let at = this.#find(sid)
    const isNew = this.#words[at + 4] === 0
    if (isNew && isFull(this.#used + 1, this.#slots)) {
      this.#resize(this.#unit * 2)
      at = this.#find(sid)
    }
    const words = this.#words
    if (isNew) {
      for (let i = 0; i < 4; i++) words[at + i] = sid[i] as number
      this.#used++
    }
    words[at + 4] = Math.max(words[at + 4] as number, min)
    words[at + 5] = Math.max(words[at + 5] as number, expiresAt)
    return isNew ? 1 : 0
  }

  /** How many rows went. Those behind them move up, where a search would now end before it comes to them. */
  sweep(nowSeconds: number): number {
    const before = this.#used
    const words = this.#words
    let at = 0
    // No search goes on from one side of a free slot to the other.
    while (words[at + 4] !== 0) at = this.#after(at)
    let hasGap = false
    for (let slot = 0; slot < this.#slots; slot++) {
      if (words[at + 4] === 0) hasGap = false
      else if ((words[at + 5] as number) <= nowSeconds) {
        this.#free(at)
        this.#used--
        hasGap = true
      } else if (hasGap) this.#moveUp(at)
      at = this.#after(at)
    }
    let unit = this.#unit
    // With room for an eighth more, so that it does not double again at once.
    while (unit > firstUnit && !isFull(this.#used * 1.125, (unit / 2) * this.#stretch)) unit /= 2
    if (unit < this.#unit) this.#resize(unit)
    return before - this.#used
  }

  markBeginnings(bits: Uint32Array): void {
    for (let at = 0; at < this.#words.length; at += wordsPerSlot) {
      if (this.#words[at + 4] !== 0) setBit(bits, beginningOf(this.#words[at] as number))
    }
  }

  #find(sid: Uint32Array): number {
    const words = this.#words
    for (let at = this.#placeOf(sid[1] as number); ; at = this.#after(at)) {
      const isHere =
        words[at] === sid[0] && words[at + 1] === sid[1] && words[at + 2] === sid[2] && words[at + 3] === sid[3]
      if (isHere || words[at + 4] === 0) return at
    }
  }

  /** The second word of a sid as a share of all slots: it need not be a power of two, and the first word chose the shard. */
  #placeOf(secondWord: number): number {
    return ((secondWord * (this.#slots / 2 ** 32)) | 0) * wordsPerSlot
  }

  #after(at: number): number {
    return at + wordsPerSlot === this.#words.length ? 0 : at + wordsPerSlot
  }

  #free(at: number): void {
    this.#words[at + 4] = 0
    this.#words[at + 5] = 0
  }

  #moveUp(at: number): void {
    const words = this.#words
    let to = this.#placeOf(words[at + 1] as number)
    while (to !== at && words[to + 4] !== 0) to = this.#after(to)
    if (to === at) return
    copySlot(words, at, words, to)
    this.#free(at)
  }

  #resize(unit: number): void {
    const old = this.#words
    this.#unit = unit
    this.#slots = Math.floor(unit * this.#stretch)
    const words = new Uint32Array(this.#slots * wordsPerSlot)
    this.#words = words
    for (let from = 0; from < old.length; from += wordsPerSlot) {
      if (old[from + 4] === 0) continue
      let at = this.#placeOf(old[from + 1] as number)
      while (words[at + 4] !== 0) at = this.#after(at)
      copySlot(old, from, words, at)
    }
  }
}

function copySlot(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number): void {
  for (let i = 0; i < wordsPerSlot; i++) to[toAt + i] = from[fromAt + i] as number
}
