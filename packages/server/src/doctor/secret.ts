import type { ReadyConfig } from '../config.js'
import { readSecretFile, readSecretList } from '../signing-keys/secret.js'
import { StartError } from '../store/start-error.js'
import { type Finding, fault, noStart, ok, warning } from './finding.js'

const makeOne = 'Make one with: openssl rand -base64 32'
/** For the characters that are there, as often as they are there. */
const leastBits = 100
/** Words and nothing else: no secret that was made by chance looks so. */
const onlyWords = /^(?:[A-Z]?[a-z]+(?:[ ._-]+|$))+$/

/** Looks at the secret that wraps the signing keys, wherever it comes from. */
export function checkSecret({ secret, dataFolder, databaseUrl }: ReadyConfig): Finding {
  try {
    if (secret !== undefined) return judge('LATCHKEY_SECRET', readSecretList(secret))
    if (databaseUrl !== undefined) return fault('secret', 'There is no LATCHKEY_SECRET.', makeOne)
    const inFile = readSecretFile(dataFolder)
    if (inFile === undefined) return ok('secret', 'There is none yet; the first start makes one.')
    return judge('The file "secret"', [inFile])
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return fault('secret', error.message, noStart)
  }
}

function judge(place: string, secrets: readonly string[]): Finding {
  const [first] = secrets as [string]
  if (onlyWords.test(first)) {
    return warning('secret', `${place} is made of words, which can be guessed.`, rewrap)
  }
  const bits = Math.floor(entropyBits(first))
  if (bits < leastBits) {
    return warning('secret', `${place} uses few characters, about ${bits} bits.`, rewrap)
  }
  if (secrets.length > 1) {
    const advice = 'Run "latchkey key rewrap", then take the old one away.'
    return warning('secret', `${place} holds two secrets, each of which opens the keys.`, advice)
  }
  return ok('secret', `${place} has ${Buffer.byteLength(first)} bytes and is on no list of published ones.`)
}

const rewrap = `${makeOne}, then run "latchkey key rewrap" with LATCHKEY_SECRET=new,old.`

/** What the characters tell, were each drawn by itself. */
function entropyBits(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / text.length)
  return bits
}
