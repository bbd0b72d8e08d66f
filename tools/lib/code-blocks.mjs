// The fenced blocks of a Markdown text: [{ language, note, code, line, section }]. `note` is what follows the language,
// `line` the number of the first line of code, `section` counts the headings of the first two levels.
export function codeBlocks(text) {
  const blocks = []
  let open
  let section = 0
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^( *)(`{3,}|~{3,})([^`]*)$/.exec(line)
    if (open) {
      if (fence?.[2].startsWith(open.fence) && fence[3].trim() === '') {
        blocks.push({ ...open.block, code: open.lines.join('\n') })
        open = undefined
      } else {
        open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart())
      }
    } else if (fence) {
      const [, language, note] = /^(\S*)\s*(.*)$/.exec(fence[3].trim())
      open = { indent: fence[1], fence: fence[2], lines: [], block: { language, note, line: index + 2, section } }
    } else if (/^##? /.test(line)) {
      section += 1
    }
  }
  return blocks
}
