import { codeBlocks } from './code-blocks.mjs'
import { shellWords } from './shell-words.mjs'

const languages = new Map(
  Object.entries({ js: 'js', mjs: 'js', javascript: 'js', ts: 'ts', mts: 'ts', typescript: 'ts' }).concat(
    ['sh', 'bash', 'shell', 'console'].map((name) => [name, 'sh']),
  ),
)
const startsWithImport = /^(\s|\/\/.*\n|\/\*[\s\S]*?\*\/)*import\b/

// What a document asks a reader to run: { steps, skipped, problems }. A step is a program
// ({ language, code, line, section }) or one curl line ({ command, words, expected, line, section }).
export function exampleSteps(text) {
  const found = { steps: [], skipped: [], problems: [] }
  for (const block of codeBlocks(text)) {
    const language = languages.get(block.language)
    if (!language) continue
    const [, noRun, reason] = /^(no-run)?\s*(.*)$/.exec(block.note)
    if (noRun && reason) found.skipped.push({ line: block.line, text: reason })
    else if (noRun) found.problems.push({ line: block.line, text: 'is marked no-run without a reason' })
    else if (language === 'sh') addCommands(block, found)
    else if (startsWithImport.test(block.code)) found.steps.push({ ...block, language })
    else
      found.problems.push({ line: block.line, text: 'starts with no import; complete it, or mark it: no-run REASON' })
  }
  return found
}

function addCommands(block, found) {
  let command = ''
  let begin = 0
  for (const [index, line] of block.code.split('\n').entries()) {
    const prompt = /^\$ (.*)$/.exec(line)
    if (!command) {
      if (block.language === 'console' && !prompt) continue
      begin = index
    }
    command += (command && '\n') + (command ? line : (prompt?.[1] ?? line))
    if (!/^\s*curl\s/.test(command)) {
      command = ''
      continue
    }
    try {
      const parts = shellWords(command)
      if (!parts) continue
      addCurl({ ...parts, command, line: block.line + begin, section: block.section }, found)
    } catch (error) {
      found.problems.push({ line: block.line + begin, text: error.message })
    }
    command = ''
  }
  if (command) found.problems.push({ line: block.line + begin, text: 'has a quote or a line without end' })
}

// `# 401` behind a curl line says that it is to be refused; else any 2xx is right.
function addCurl({ words, comment, command, line, section }, found) {
  const port = /localhost:(3000|4000)\b/.exec(command)?.[1]
  const expected = /^\d{3}\b/.exec(comment)?.[0]
  if (port) found.steps.push({ language: 'curl', words, command, line, section, port, expected })
  else
    found.problems.push({ line, text: 'asks neither localhost:3000 nor localhost:4000; else mark it: no-run REASON' })
}

// What a runnable example asks: its programs (`{ name, code }`), and then the curl lines that they open with.
export function programSteps(programs) {
  const curls = programs.flatMap(({ code }) => [...code.matchAll(/^\/\/ {3}(curl .*)$/gm)].map(([, line]) => line))
  const block = (language, text) => `\`\`\`${language}\n${text}\n\`\`\`\n`
  const texts = programs.map(({ name, code }) => block(name.endsWith('.ts') ? 'ts' : 'js', code))
  const found = exampleSteps([...texts, block('sh', curls.join('\n'))].join(''))
  if (curls.length === 0) found.problems.push({ line: 1, text: 'opens with no curl line that tries it' })
  return found
}
