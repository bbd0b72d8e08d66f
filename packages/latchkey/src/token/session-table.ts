/** A hash table from sessions to their minimum generation, in typed arrays: 24 bytes a slot, no object a row, and 2 MiB beside. */

const shardCount = 256
const firstSlots = 16
/** Of four slots at most three are taken, so that a row costs 32 to 64 bytes and a search ends soon. */
const isFull = (used: number, slots: number) => used * 4 > slots * 3
const wordsPerSlot = 6
/** The first four characters of a sid. */
const beginningBits = 24
const sidLength = 22

const values = new Uint8Array(128)
for (const [value, character] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].entries()) {
  values[character.charCodeAt(0)] = value
}

/**
 * Keyed by the 128 bits of the `sid`. It is cut into shards that grow one at a time, so that no growth stops the loop. The
 * bits are random, and those who could choose them could only slow down themselves: a `sid` is signed or stored.
 */
export class SessionTable {
  readonly #shards = Array.from({ length: shardCount }, () => new Shard())
  readonly #sid = new Uint32Array(4)
  /**
   * A bit for each beginning that a row has. Most sessions are in no row, and are told so by memory that stays near the
   * processor: with a million rows by nineteen of twenty looks, each far cheaper than one into the shards.
   */
  #beginnings = new Uint32Array(0)
  #size = 0

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

  /** Forgets rows that expired by `nowSeconds`. */
  sweep(nowSeconds: number): void {
    const before = this.#size
    for (const shard of this.#shards) this.#size -= shard.sweep(nowSeconds)
    if (this.#size === before) return
    this.#beginnings.fill(0)
    for (const shard of this.#shards) shard.markBeginnings(this.#beginnings)
  }

  /** False when there is no row of this session; true says nothing. A text that is no sid may get either. */
  #mayHold(sid: string): boolean {
    const valueAt = (i: number) => values[sid.charCodeAt(i) & 127] as number
    const beginning = (valueAt(0) << 18) | (valueAt(1) << 12) | (valueAt(2) << 6) | valueAt(3)
    return (((this.#beginnings[beginning >>> 5] as number) >>> (beginning & 31)) & 1) === 1
  }

  #shardOf(): Shard {
    return this.#shards[(this.#sid[3] as number) & (shardCount - 1)] as Shard
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

/** Open addressing: a row lies in the first free slot at or after its place. The minimum 0 marks a free one. */
class Shard {
  #slots = firstSlots
  #used = 0
  #words = new Uint32Array(firstSlots * wordsPerSlot)

  minimumOf(sid: Uint32Array): number {
    return this.#words[this.#find(sid) + 4] as number
  }

  /** How many rows were added. */
  raise(sid: Uint32Array, min: number, expiresAt: number): number {
    if (min === 0) return 0
    let at = this.#find(sid)
    const isNew = this.#words[at + 4] === 0
    if (isNew && isFull(this.#used + 1, this.#slots)) {
      this.#rebuild(this.#slots * 2, 0)
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

  /** How many rows went. */
  sweep(nowSeconds: number): number {
    const before = this.#used
    let live = 0
    for (let at = 0; at < this.#words.length; at += wordsPerSlot) {
      if (this.#words[at + 4] !== 0 && (this.#words[at + 5] as number) > nowSeconds) live++
    }
    if (live === before) return 0
    let slots = firstSlots
    while (isFull(live + 1, slots)) slots *= 2
    this.#rebuild(slots, nowSeconds)
    return before - live
  }

  markBeginnings(bits: Uint32Array): void {
    for (let at = 0; at < this.#words.length; at += wordsPerSlot) {
      if (this.#words[at + 4] !== 0) setBit(bits, beginningOf(this.#words[at] as number))
    }
  }

  #find(sid: Uint32Array): number {
    const words = this.#words
    const mask = this.#slots - 1
    for (let slot = (sid[0] as number) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * wordsPerSlot
      const isHere =
        words[at] === sid[0] && words[at + 1] === sid[1] && words[at + 2] === sid[2] && words[at + 3] === sid[3]
      if (isHere || words[at + 4] === 0) return at
    }
  }

  #rebuild(slots: number, nowSeconds: number): void {
    const old = this.#words
    this.#slots = slots
    this.#used = 0
    this.#words = new Uint32Array(slots * wordsPerSlot)
    const sid = new Uint32Array(4)
    for (let at = 0; at < old.length; at += wordsPerSlot) {
      const expiresAt = old[at + 5] as number
      if (old[at + 4] === 0 || expiresAt <= nowSeconds) continue
      for (let i = 0; i < 4; i++) sid[i] = old[at + i] as number
      this.raise(sid, old[at + 4] as number, expiresAt)
    }
  }
}
