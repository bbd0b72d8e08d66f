/** What a guard asks of a user beyond being one: scopes, a recent login; and what it lets through without. */
import { expect, it } from 'vitest'
import {
  loginTooOld,
  noCredentials,
  noCredentialsWithoutBasic,
  noUser,
  onEveryFramework,
  scopeMissing,
  tokenExpired,
  tokenInvalid,
  tokenInvalidWithoutBasic,
  twoCredentials,
} from './contract.js'
import { bad, basic, bearer, good, loggedInSecondsAgo, nowSeconds, tokenOf } from './tokens.js'

const withScopes = (...scopes: string[]) => [bearer(tokenOf({ scopes }))]

onEveryFramework('a scope', (client) => {
  it.each([
    ['by name', ['order:read']],
    ['by a pattern of actions', ['order:*']],
    ['by a pattern of resources', ['*:read']],
    ['by the pattern of all', ['*:*']],
    ['beside others', ['user:read', 'order:read']],
    ['while another is forbidden', ['order:*', '!order:cancel']],
  ])('is granted %s', async (_, scopes) => {
    await client.passed({ path: '/read', headers: withScopes(...scopes) })
  })

  it.each([
    ['the list is empty', []],
    ['it is another', ['order:write']],
    ['it only begins alike', ['order:read-all', 'order:rea']],
    ['it is in another case', ['Order:Read']],
    ['it is for any, which is more than asked but not the same', ['order:read:any', '*:*:any']],
    ['it is forbidden', ['order:read', '!order:read']],
    ['it is forbidden before it is allowed', ['!order:read', 'order:read']],
    ['a pattern forbids it', ['order:read', '*:*', '!order:*']],
  ])('is missing when %s, and the refusal names it', async (_, scopes) => {
    expect(await client.refused({ path: '/read', headers: withScopes(...scopes) })).toEqual(scopeMissing('order:read'))
  })

  it('for any is granted by name and by its own pattern alone', async () => {
    for (const scope of ['order:read:any', '*:*:any']) {
      await client.passed({ path: '/read-any', headers: withScopes(scope) })
    }
    for (const scope of ['order:read', '*:*']) {
      const refusal = await client.refused({ path: '/read-any', headers: withScopes(scope) })
      expect(refusal).toEqual(scopeMissing('order:read:any'))
    }
  })

  it('beside another is needed as well, and the one that is missing is named', async () => {
    await client.passed({ path: '/both', headers: withScopes('order:read', 'order:cancel') })
    for (const [held, missing] of [
      ['order:read', 'order:cancel'],
      ['order:cancel', 'order:read'],
    ] as const) {
      expect(await client.refused({ path: '/both', headers: withScopes(held) })).toEqual(scopeMissing(missing))
    }
  })

  it('of several that would do is enough, and the refusal names all of them', async () => {
    for (const scope of ['order:write', 'order:cancel']) {
      await client.passed({ path: '/any', headers: withScopes(scope) })
    }
    for (const scopes of [['order:read'], ['order:*', '!order:*']]) {
      const refusal = await client.refused({ path: '/any', headers: withScopes(...scopes) })
      expect(refusal).toEqual(scopeMissing('order:write order:cancel'))
    }
  })

  it('is not looked at before the token is', async () => {
    expect(await client.refused({ path: '/read' })).toEqual(noCredentials)
    const expired = tokenOf({ scopes: [] }, { clock: () => 0 })
    expect(await client.refused({ path: '/read', headers: [bearer(expired)] })).toEqual(tokenExpired)
    expect(await client.refused({ path: '/read', headers: [bearer(bad.tampered)] })).toEqual(tokenInvalid)
  })

  it('is missing the same way by Basic', async () => {
    const headers = [basic(`${tokenOf({ scopes: [] })}:`)]
    expect(await client.refused({ path: '/read', headers })).toEqual(scopeMissing('order:read'))
  })
})

onEveryFramework('a guard behind a guard', (client) => {
  it('hands on its own user, in both places', async () => {
    const headers = [bearer(good)]
    expect(await client.passed({ path: '/twice', headers })).toMatchObject({ user: { uid: '7' }, sameUser: true })
  })

  it('can ask for more', async () => {
    expect(await client.refused({ path: '/twice', headers: withScopes() })).toEqual(scopeMissing('order:read'))
    expect(await client.refused({ path: '/twice' })).toEqual(noCredentials)
  })
})

onEveryFramework('an optional guard', (client) => {
  it('lets a request without credentials through, without a user', async () => {
    expect(await client.passed({ path: '/optional' })).toEqual(noUser)
  })

  it('leaves no user of other middleware standing where its own would', async () => {
    expect(await client.passed({ path: '/other-user' })).toEqual(noUser)
    expect((await client.passed({ path: '/other-user', headers: [bearer(good)] })).user?.uid).toBe('7')
  })

  it('lets a user through, with the user', async () => {
    expect((await client.passed({ path: '/optional', headers: [bearer(good)] })).user?.uid).toBe('7')
  })

  it.each([
    ['an expired token', [bearer(bad.expired)], tokenExpired],
    ['a token that was tampered with', [bearer(bad.tampered)], tokenInvalid],
    ['no token behind Bearer', [['authorization', 'Bearer'] as const], tokenInvalid],
    ['malformed Basic', [basic('no colon')], tokenInvalid],
    ['two tokens', [bearer(good), bearer(good)], twoCredentials],
    ['foreign credentials', [['authorization', 'Digest username="7"'] as const], noCredentials],
  ])('refuses %s', async (_, headers, refusal) => {
    expect(await client.refused({ path: '/optional', headers })).toEqual(refusal)
  })
})

onEveryFramework('a guard without Basic', (client) => {
  const path = '/bearer-only'

  it('lets Bearer through', async () => {
    await client.passed({ path, headers: [bearer(good)] })
  })

  it.each([
    ['no credentials', []],
    ['a good token by Basic', [basic(`${good}:`)]],
    ['a bad token by Basic', [basic(`${bad.tampered}:`)]],
    ['malformed Basic, which is as foreign here', [basic('no colon')]],
    ['nothing behind Basic', [['authorization', 'Basic'] as const]],
    ['Digest', [['authorization', 'Digest username="7"'] as const]],
  ])('refuses %s and offers Bearer alone', async (_, headers) => {
    expect(await client.refused({ path, headers })).toEqual(noCredentialsWithoutBasic)
  })

  it('leaves Basic out of the challenge for a bad token too', async () => {
    expect(await client.refused({ path, headers: [bearer(bad.tampered)] })).toEqual(tokenInvalidWithoutBasic)
  })
})

onEveryFramework('a guard with an age', (client) => {
  const path = '/fresh'

  it('lets a login through that is new enough, to the second', async () => {
    for (const seconds of [-60, 0, 299, 300]) {
      await client.passed({ path, headers: [bearer(loggedInSecondsAgo(seconds))] })
    }
  })

  it('refuses an older one and says what would do', async () => {
    for (const seconds of [301, 86_400]) {
      expect(await client.refused({ path, headers: [bearer(loggedInSecondsAgo(seconds))] })).toEqual(loginTooOld(300))
    }
  })

  it('refuses one in the future, which would be new enough for ever', async () => {
    for (const seconds of [-61, -86_400, nowSeconds - 2 ** 40]) {
      const token = loggedInSecondsAgo(seconds)
      expect(await client.refused({ path, headers: [bearer(token)] })).toEqual(loginTooOld(300))
      await client.passedWith(bearer(token))
    }
  })

  it('asks no age of a login where none is set', async () => {
    await client.passedWith(bearer(loggedInSecondsAgo(86_400)))
  })
})
