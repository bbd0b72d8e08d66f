/** A second reading of JSON texts, written plainly: what a strict parser must refuse although `JSON.parse` takes it. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/** The first reason against a text that JSON.parse accepts; undefined when there is none. */
export function reasonAgainst(text: string): string | undefined {
  const words = text.match(token) ?? []
  let at = 0
  return value(1)

  function value(depth: number): string | undefined {
    const word = words[at++] as string
    if (word === '{' || word === '[') {
      if (depth > 32) return 'depth'
      return word === '{' ? members(depth) : elements(depth)
    }
    if (word.startsWith('"')) return string(word)
    return /^[-\d]/.test(word) && !Number.isFinite(Number(word)) ? 'number' : undefined
  }

  function members(depth: number): string | undefined {
    const names: string[] = []
    while (words[at] !== '}') {
      const name = JSON.parse(words[at++] as string)
      if (name === '__proto__') return '__proto__'
      if (names.includes(name)) return 'repeated'
      names.push(name)
      at++
      const reason = string(JSON.stringify(name)) ?? value(depth + 1)
      if (reason) return reason
      if (words[at] === ',') at++
    }
    at++
    return undefined
  }

  function elements(depth: number): string | undefined {
    while (words[at] !== ']') {
      const reason = value(depth + 1)
      if (reason) return reason
      if (words[at] === ',') at++
    }
    at++
    return undefined
  }

  /** JSON.stringify writes a lone surrogate as an escape, and nothing else as one in that range. */
  function string(word: string): string | undefined {
    const written = JSON.stringify(JSON.parse(word))
    return /(?<!\\)(?:\\\\)*\\ud[89a-f]/i.test(written) ? 'surrogate' : undefined
  }
}

/** The value that a strict parser must read from the bytes; undefined where it must refuse them. */
export function readPlainly(bytes: Uint8Array): { readonly value: unknown } | undefined {
  const text = Buffer.from(bytes).toString()
  // Whatever is no UTF-8 comes back otherwise, and a byte order mark is no JSON.
  if (!Buffer.from(text).equals(bytes)) return undefined
  try {
    const value = JSON.parse(text)
    return reasonAgainst(text) === undefined ? { value } : undefined
  } catch {
    return undefined
  }
}
