import { LatchkeyError } from 'latchkey'
import type { Store } from '../store/store.js'
import { createApiKeyClientType } from './api-key.js'
import type { ClientType, SecretHashing } from './client-type.js'
import { createEmailClientType } from './email.js'
import type { PasswordChoice } from './password-choice.js'

/** Every way of logging in: one line each. */
const makers = [createEmailClientType, createApiKeyClientType]

export interface ClientTypes {
  /** @throws LatchkeyError `client_type_invalid` for a number that stands for none. */
  get(type: number): ClientType
}

/** Makes the client types, by their numbers. */
export function createClientTypes(parts: {
  store: Store
  hashing: SecretHashing
  passwords: PasswordChoice
}): ClientTypes {
  const byNumber = new Map(makers.map((make) => make(parts)).map((clientType) => [clientType.type, clientType]))
  return Object.freeze({
    get(type: number) {
      const clientType = byNumber.get(type)
      if (clientType === undefined) throw new LatchkeyError('client_type_invalid')
      return clientType
    },
  })
}
