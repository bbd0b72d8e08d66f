// Splits one shell command into words: `{ words, comment }`, or undefined when a quote or a line is not finished yet.
// Knows quotes, backslashes and comments; throws on pipes, redirections, substitutions and what zsh would expand.
export function shellWords(text) {
  const words = []
  let word
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === "'" || char === '"') {
      const quoted = char === "'" ? single(text, at) : double(text, at)
      if (!quoted) return undefined
      word = (word ?? '') + quoted.value
      at = quoted.end
    } else if (char === '\\') {
      if (at + 1 >= text.length) return undefined
      at += 1
      if (text[at] !== '\n') word = (word ?? '') + text[at]
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '#' && word === undefined) {
      return { words, comment: text.slice(at + 1).trim() }
    } else if ('|&;<>`()?*['.includes(char)) {
      throw new Error(`holds ${char}; allowed: one plain command a line, such a character only in quotes`)
    } else {
      word = (word ?? '') + char
    }
  }
  if (word !== undefined) words.push(word)
  return { words, comment: '' }
}

function single(text, start) {
  const end = text.indexOf("'", start + 1)
  return end < 0 ? undefined : { value: text.slice(start + 1, end), end }
}

function double(text, start) {
  let value = ''
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return { value, end: at }
    if (text[at] === '\\' && '"\\$`\n'.includes(text[at + 1] ?? '')) at += 1
    value += text[at]
  }
  return undefined
}
