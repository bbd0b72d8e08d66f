/** Compact tokens as they come: `verifyCompact`, verifiers and `explain`. */
import { claims, rawSigner, textSigner } from '../../../fixtures.js'
import { otherTexts } from '../../../other-texts.js'
import { edwardsJwk, ellipticJwk, secretJwk } from '../../fixed-keys.js'
import { isPlainBase64url, isSignedBy } from '../../plain-token.js'
import type { Random } from '../../random.js'
import { readPlainly } from '../../read-json.js'
import { loadToken } from '../modules.js'
import { must, type TargetDefinition } from '../target.js'
import { createTokenChecks, type Trusted } from '../tokens.js'

export const compact: TargetDefinition = {
  name: 'compact',
  shortRuns: 2500,
  async prepare(code) {
    const { trusted, verifyCompact, answerOf, checkVerifiers } = await createTokenChecks(code)
    const { importKey } = await loadToken(code)

    function checkCompact(text: string, { keys, rules }: Trusted): void {
      const answer = answerOf(() => verifyCompact(text, keys))
      const right = readCompactPlainly(text, rules)
      if (typeof answer === 'string') {
        must(right === undefined, 'refuses a right text')
        return
      }
      must(right !== undefined, 'accepts a text that must be refused')
      must(JSON.stringify(answer.header) === JSON.stringify(right.header), 'reads another header')
      must(Buffer.from(answer.payload).equals(right.payload), 'reads another payload')
    }
    const signAgain = textSigner(importKey(secretJwk))

    /** As it is, and with a right signature of whatever stands before the last dot, which no change to a text would find. */
    function run(input: string): void {
      const signed = input.slice(0, Math.max(0, input.lastIndexOf('.')))
      for (const text of [input, `${signed}.${signAgain(signed)}`]) {
        for (const group of trusted) {
          checkCompact(text, group)
          checkVerifiers(text, group)
        }
      }
    }
    const sign = (jwk: typeof secretJwk) => rawSigner(importKey(jwk))
    const headerFor = ({ alg, kid }: typeof secretJwk) => JSON.stringify({ alg, kid, typ: 'at+jwt' })
    const seeds = [secretJwk, edwardsJwk, ellipticJwk].flatMap((jwk) => [
      sign(jwk)(headerFor(jwk), JSON.stringify(claims)),
      sign(jwk)(JSON.stringify({ alg: jwk.alg }), 'any bytes'),
    ])
    const make = (random: Random) => random.pick(otherTexts(random.pick(seeds)))[1]
    return { seeds: [...seeds, '', '..', 'a.b.c', 'e30.e30.e30'], words: ['.', '=', '..'], maxLength: 9000, make, run }
  },
}

/** The header and payload of a text that `verifyCompact` must accept. */
function readCompactPlainly(text: string, { keys }: Trusted['rules']) {
  const parts = text.split('.')
  const [header, payload, signature] = parts as [string, string, string]
  if (text.length > 8192 || parts.length !== 3 || header === '' || !parts.every(isPlainBase64url)) return undefined
  const members = readPlainly(Buffer.from(header, 'base64url'))?.value as Record<string, unknown> | undefined | null
  if (typeof members !== 'object' || members === null || Array.isArray(members)) return undefined
  const { alg, kid } = members
  if ('crit' in members || 'b64' in members) return undefined
  const named = kid === undefined && keys.length === 1 ? keys[0] : keys.find((key) => key.kid === kid)
  if (named?.alg !== alg) return undefined
  if (!named || !isSignedBy(named, `${header}.${payload}`, Buffer.from(signature, 'base64url'))) return undefined
  return { header: members, payload: Buffer.from(payload, 'base64url') }
}
