/** The longest text that is signed or verified: no token is longer. */
export const maxInputLength = 8192

/** Up to here the view of a length is kept, which is quicker than a new one. */
const maxKeptLength = 1024

/** Room for the bytes of one text at a time, behind bytes that stay. */
export class TextScratch {
  readonly #bytes: Buffer
  readonly #start: number
  readonly #views: (Uint8Array | undefined)[] = new Array(maxKeptLength + 1).fill(undefined)

  constructor(before: Uint8Array = new Uint8Array(0)) {
    this.#start = before.length
    this.#bytes = Buffer.alloc(before.length + maxInputLength)
    this.#bytes.set(before)
  }

  /**
   * The bytes that stay and those of the first `length` characters, good until the next call. A character beyond U+00FF counts as
   * another: the caller sees to it that there is none.
   * @throws RangeError beyond 8,192: cut input would authenticate a text that nobody signed.
   */
  write(text: string, length: number): Uint8Array {
    if (length > maxInputLength) throw new RangeError(`A text of ${length} characters is too long to sign`)
    this.#bytes.write(text, this.#start, length, 'latin1')
    const kept = this.#views[length]
    if (kept !== undefined) return kept
    const view = this.#bytes.subarray(0, this.#start + length)
    if (length <= maxKeptLength) this.#views[length] = view
    return view
  }
}
