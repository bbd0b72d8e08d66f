// Verifies everything in the file that is named, and prints what became of it: run in each runtime.
import { readFileSync } from 'node:fs'
import { argv } from 'node:process'
import { createVerifier } from '../../dist/token/index.js'
import { verifyCompact } from '../../dist/token/jws.js'

const codeOf = (work) => {
  try {
    work()
    return 'accepted'
  } catch (error) {
    return error.code ?? error.name
  }
}

const { texts, tokens, verifiers } = JSON.parse(readFileSync(argv[2], 'utf8'))
const verify = verifiers.map(({ nowMs, ...rules }) => createVerifier({ ...rules, clock: () => nowMs }).verify)
console.log(
  JSON.stringify({
    texts: texts.map(({ text, keys }) => codeOf(() => verifyCompact(text, keys))),
    tokens: tokens.map(({ token, by }) => codeOf(() => verify[by](token))),
  }),
)
