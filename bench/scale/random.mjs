/** Random numbers that come again with the same seed (mulberry32), and what is made of them. */
export function createRandom(seed) {
  let state = seed >>> 0
  function next() {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const words = new Uint32Array(4)
  return {
    next,
    /** With this mean. */
    exponential: (mean) => -mean * Math.log(1 - next()),
    sid() {
      for (let i = 0; i < 4; i++) words[i] = Math.floor(next() * 4294967296)
      return Buffer.from(words.buffer).toString('base64url')
    },
  }
}

export function quantile(values, part) {
  const sorted = Float64Array.from(values).sort()
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]
}
