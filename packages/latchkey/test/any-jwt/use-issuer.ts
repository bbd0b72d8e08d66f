/** An issuer of its own for each test, and guards that trust it at a pace of the test's choice. */
import type { Auth } from 'latchkey'
import { afterEach, beforeEach } from 'vitest'
import { createIssuerAuth } from '../../src/auth/create-issuer-auth.js'
import type { Pace } from '../../src/auth/follow-issuer.js'
import { audience } from '../fixtures.js'
import { type ForeignKeyPair, makeKeyPair } from './foreign-keys.js'
import { type OwnIssuer, startOwnIssuer } from './own-issuer.js'
import { startService } from './service.js'

export const first = makeKeyPair('ES256', 'first')
export const second = makeKeyPair('ES256', 'second')

/** To be called once in a file. The key set holds `first`. */
export function useIssuer() {
  let issuer: OwnIssuer
  const opened: { close(): Promise<void> }[] = []
  beforeEach(async () => {
    issuer = await startOwnIssuer([first.publicJwk])
    opened.push(issuer)
  })
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close()
  })
  return {
    get issuer() {
      return issuer
    },
    /** Closes it after the test. */
    use<One extends { close(): Promise<void> }>(one: One): One {
      opened.push(one)
      return one
    },
    trust(pace?: Pace): Auth {
      const auth = createIssuerAuth({ server: issuer.url, profile: 'any-jwt', audience }, pace)
      opened.push(auth)
      return auth
    },
    async serve(auth: Auth) {
      const service = await startService(auth)
      opened.push(service)
      return service
    },
    tokenOf(pair: ForeignKeyPair, header: object = {}): string {
      const claims = { iss: issuer.url, aud: audience, sub: 'ann', exp: Math.floor(Date.now() / 1000) + 600 }
      return pair.sign({ alg: pair.alg, kid: pair.kid, typ: 'at+jwt', ...header }, claims)
    },
  }
}
