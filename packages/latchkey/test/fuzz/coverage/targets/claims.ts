/** Headers and claims that a trusted key signed, whatever they are: beyond the signature, where changes to a text never come. */
import { now, rawSigner, claims as rightClaims } from '../../../fixtures.js'
import { breakClaims } from '../../broken-claims.js'
import { edwardsJwk, ellipticJwk, secretJwk } from '../../fixed-keys.js'
import type { Random } from '../../random.js'
import { loadToken } from '../modules.js'
import type { TargetDefinition } from '../target.js'
import { createTokenChecks, type Trusted } from '../tokens.js'

const moments = ['iat', 'exp', 'nbf', 'auth_time', 'gen', 'client_type']
const limits = [0, now, now + 60, now + 30 * 86_400, 2 ** 31 - 1, 2 ** 53]

/** Right claims but for one, which may be right, too. */
function make(random: Random): string {
  if (random.chance(0.5)) return Buffer.from(breakClaims(random)[1]).toString('latin1')
  return JSON.stringify({ ...rightClaims, [random.pick(moments)]: random.pick(limits) + random.below(3) - 1 })
}

const lineEnd = '\n\n'

export const claims: TargetDefinition = {
  name: 'claims',
  shortRuns: 4000,
  async prepare(code) {
    const { trusted, checkVerifiers } = await createTokenChecks(code)
    const { importKey } = await loadToken(code)
    const [ofSecrets, ofPairs] = trusted as [Trusted, Trusted]
    const signers = [secretJwk, edwardsJwk, ellipticJwk].map((jwk) => ({
      header: JSON.stringify({ alg: jwk.alg, kid: jwk.kid, typ: 'at+jwt' }),
      sign: rawSigner(importKey(jwk)),
      group: jwk === secretJwk ? ofSecrets : ofPairs,
    }))
    const bytesOf = (text: string) => Buffer.from(text, /^[\0-\xff]*$/.test(text) ? 'latin1' : 'utf8')

    /** The header, if it is not the usual one, two line ends, the claims. Mostly signed by the secret, since that is quick. */
    function run(input: string): void {
      const at = input.indexOf(lineEnd)
      const signer = signers[input.length % 16 === 0 ? 1 + (input.length % 2) : 0] as (typeof signers)[number]
      const header = at < 1 ? signer.header : input.slice(0, at)
      const payload = at < 0 ? input : input.slice(at + lineEnd.length)
      const token = signer.sign(bytesOf(header), bytesOf(payload))
      checkVerifiers(token, signer.group)
    }
    const right = JSON.stringify(rightClaims)
    const { header } = signers[0] as (typeof signers)[number]
    const seeds = [
      ...[right, `${header}${lineEnd}${right}`, JSON.stringify({ ...rightClaims, nbf: 0, aud: 'orders', scope: '' })],
      ...[
        JSON.stringify({ ...rightClaims, x: { y: [1, 'z'] } }, null, 1),
        `{"typ":"at+jwt","kid":"h","alg":"HS256"}${lineEnd}${right}`,
      ],
      JSON.stringify({ ...rightClaims, exp: now + 30 * 86_400, iat: now, gen: 2 ** 31 - 2 }),
      ...['', '{}', '[]', right.replace('"7"', '"\u00c3\u00a9"'), right.replace('"7"', '"\\u00e9"')],
    ]
    const words = [
      '"nbf":0',
      ',"x":1',
      'order:*',
      '!order:read:any',
      '"scope":""',
      '1800000060',
      '1800000061',
      '1802592000',
    ]
    return { seeds, words, maxLength: 4000, make, run }
  },
}
