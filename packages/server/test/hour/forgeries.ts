/** Tokens that nobody may accept, made of good ones by the tricks of `latchkey probe`. */

import { encodeJson, joinParts, readShownJwt } from '../../src/probe/shown-token.js'
import type { Group } from '../../src/probe/trick.js'
import { createForeignKey, foreignKeys } from '../../src/probe/tricks/foreign-keys.js'
import { keyConfusion } from '../../src/probe/tricks/key-confusion.js'
import { tamperedTokens } from '../../src/probe/tricks/tampered-tokens.js'
import { unsignedTokens } from '../../src/probe/tricks/unsigned-tokens.js'
import type { Choices } from '../store/kills/choices.js'
import type { Token } from './model.js'

export const forgeryKinds = ['tampered', 'unsigned', 'HMAC with the public key', 'another key or kid'] as const
export type ForgeryKind = (typeof forgeryKinds)[number]
type Forged = Readonly<Record<ForgeryKind, readonly string[]>>

/** So often is what was made of one token shown before another is taken. */
const usesOfOne = 200

export interface Forgeries {
  /** One of that kind, of a good token that `choose` gives; undefined when it gives none. */
  next(kind: ForgeryKind, choose: () => Token | undefined): string | undefined
  /** The key set as it is published from now on. */
  useKeySet(text: string): void
}

export function createForgeries(choices: Choices): Forgeries {
  let keySet = '{"keys":[]}'
  let forged: Forged | undefined
  let uses = 0
  return {
    next(kind, choose) {
      if (forged === undefined || ++uses % usesOfOne === 0) {
        const token = choose()
        if (token) forged = forge(token.text, keySet)
      }
      const list = forged?.[kind] ?? []
      return list.length > 0 ? choices.oneOf(list) : undefined
    },
    useKeySet(text) {
      keySet = text
      forged = undefined
    },
  }
}

function forge(token: string, keySet: string): Forged {
  const jwt = readShownJwt(token)
  if (jwt === undefined) throw new Error('What the server issued is no signed JWT')
  const { keys } = JSON.parse(keySet) as { keys: { kid: string }[] }
  const search = { keys, text: keySet }
  const otherKids = keys.map(({ kid }) => kid).filter((kid) => kid !== jwt.headerMembers.kid)
  const renamed = otherKids.map((kid) => {
    const header = encodeJson({ ...jwt.headerMembers, kid })
    return joinParts(header, jwt.payload, jwt.signature).text
  })
  return {
    tampered: textsOf(tamperedTokens(token, jwt)),
    unsigned: textsOf(unsignedTokens(jwt)),
    'HMAC with the public key': textsOf(keyConfusion(jwt, search)),
    'another key or kid': [...textsOf(foreignKeys(jwt, createForeignKey(jwt), 'http://127.0.0.1/keys')), ...renamed],
  }
}

function textsOf(group: Group): string[] {
  if ('skipped' in group) throw new Error(`No ${group.name}: ${group.skipped}`)
  return group.tricks.flatMap(({ credential }) => (credential ? [credential.value.replace(/^Bearer /, '')] : []))
}
