/** Which credentials a guard reads, how it reads them, and what it refuses (RFC 9110 section 11.6.2, RFC 6750, RFC 7617). */
import { expect, it } from 'vitest'
import { noCredentials, onEveryFramework, tokenExpired, tokenInvalid, twoCredentials } from './contract.js'
import { bad, basic, bearer, good, nowSeconds, subject, tokenOf } from './tokens.js'

const authorization = (value: string) => ['authorization', value] as const
const base64 = (text: string) => Buffer.from(text).toString('base64')

onEveryFramework('a good token', (client) => {
  it('passes by Bearer, and the handler sees its user in both places, frozen', async () => {
    const at = (seconds: number) => new Date(seconds * 1000).toISOString()
    expect(await client.passedWith(bearer(good))).toEqual({
      user: {
        ...{ uid: '7', clientType: 100, scopes: ['order:*'], sid: subject.sid },
        ...{ issuedAt: at(nowSeconds), expiresAt: at(nowSeconds + 7200) },
      },
      sameUser: true,
      frozen: true,
    })
  })

  it('passes by Basic, as the user name', async () => {
    expect((await client.passedWith(basic(`${good}:`))).user?.uid).toBe('7')
  })

  it.each(['bearer', 'BEARER', 'bEaReR'])('passes by %s, since a scheme has no case', async (scheme) => {
    await client.passedWith(authorization(`${scheme} ${good}`))
  })

  it.each(['basic', 'BASIC', 'bAsIc'])('passes by %s, since that scheme has no case either', async (scheme) => {
    await client.passedWith(authorization(`${scheme} ${base64(`${good}:`)}`))
  })

  it.each(['authorization', 'Authorization', 'AUTHORIZATION', 'aUtHoRiZaTiOn'])('passes in %s', async (name) => {
    await client.passedWith([name, `Bearer ${good}`])
  })

  it('may stand several spaces behind the scheme and have white space after it', async () => {
    await client.passedWith(authorization(`Bearer     ${good}`))
    await client.passedWith(authorization(`Basic     ${base64(`${good}:`)}`))
    await client.passedWith(authorization(`  Bearer ${good}  `))
    await client.passedWith(authorization(`Bearer ${good}\t`))
  })

  it.each(['secret', 'a:b:c', 'pässwörd', ' ', '😀'])(
    'passes by Basic whatever the password is: %s',
    async (password) => {
      await client.passedWith(basic(`${good}:${password}`))
    },
  )

  it('passes with an empty list of scopes, where none is asked for', async () => {
    expect((await client.passedWith(bearer(tokenOf({ scopes: [] })))).user?.scopes).toEqual([])
  })

  it('passes by every method', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      await client.passed({ method, headers: [bearer(good)] })
    }
  })
})

onEveryFramework('no credentials', (client) => {
  it.each([
    ['no Authorization line', []],
    ['an empty Authorization line', [authorization('')]],
    ['Digest with commas', [authorization('Digest username="7", realm="latchkey", nonce="a, b", response="c"')]],
    ['Negotiate', [authorization('Negotiate YIIKtwYGKwYBBQUC')]],
    ['a token without a scheme', [authorization(good)]],
    ['a longer word than Bearer', [authorization(`Bearers ${good}`)]],
    ['a tab behind Bearer', [authorization(`Bearer\t${good}`)]],
    ['a tab behind Basic', [authorization(`Basic\t${base64(`${good}:`)}`)]],
    ['a colon behind Bearer', [authorization(`Bearer: ${good}`)]],
    ['quotes around the scheme', [authorization(`"Bearer" ${good}`)]],
    ['the token in another header', [['x-api-key', good] as const, ['proxy-authorization', `Bearer ${good}`] as const]],
    ['the token in a cookie', [['cookie', `token=${good}; authorization=Bearer ${good}`] as const]],
  ])('are refused without an error in the challenge: %s', async (_, headers) => {
    expect(await client.refusedWith(...headers)).toEqual(noCredentials)
  })

  it('are what a token in the query alone is', async () => {
    expect(await client.refused({ path: `/guarded?access_token=${good}` })).toEqual(noCredentials)
  })
})

onEveryFramework('a credential without a token', (client) => {
  it.each(['Bearer', 'bearer', 'Bearer ', 'Bearer    ', 'Basic', 'Basic ', 'Basic Og==', 'Basic OnB3'])(
    'is refused: %j',
    async (value) => expect(await client.refusedWith(authorization(value))).toEqual(tokenInvalid),
  )
})

onEveryFramework('malformed Basic', (client) => {
  const pair = `${good}:`.padEnd(3 * Math.ceil((good.length + 1) / 3) + 1, 'x')
  const twoPads = base64(pair)

  it.each([
    ['a raw token, as clients of the original sent it', good],
    ['no padding', twoPads.slice(0, -2)],
    ['half the padding', twoPads.slice(0, -1)],
    ['unused bits that are not zero', `${twoPads.slice(0, -3)}${twoPads.at(-3) === 'B' ? 'C' : 'B'}==`],
    ['letters after the padding', `${twoPads}AAAA`],
    ['the alphabet for URLs', base64(`${good}:???>>>~~~`).replaceAll('/', '_').replaceAll('+', '-')],
    ['white space inside', `${twoPads.slice(0, 8)} ${twoPads.slice(8)}`],
    ['no colon', base64(good)],
    ['a password in Latin-1', Buffer.from(`${good}:p\xe4ss`, 'latin1').toString('base64')],
    ['bytes that are no UTF-8 in the token', Buffer.from([0xff, 0xfe, 0x3a]).toString('base64')],
    ['a line feed before the colon', base64(`${good}\n:`)],
    ['a NUL before the token', base64(`\0${good}:`)],
    ['a control character in the password', base64(`${good}:\x07`)],
    ['a DEL in the password', base64(`${good}:\x7f`)],
  ])('is refused: %s', async (_, value) => {
    expect(await client.refusedWith(authorization(`Basic ${value}`))).toEqual(tokenInvalid)
  })
})

onEveryFramework('a wrong token', (client) => {
  const { expired, ...invalid } = bad

  it('that has expired is told apart from an invalid one, by Bearer and by Basic', async () => {
    expect(await client.refusedWith(bearer(expired))).toEqual(tokenExpired)
    expect(await client.refusedWith(basic(`${expired}:`))).toEqual(tokenExpired)
  })

  it.each(Object.entries(invalid))('%s is refused', async (_, token) => {
    expect(await client.refusedWith(bearer(token))).toEqual(tokenInvalid)
    expect(await client.refusedWith(basic(`${token}:`))).toEqual(tokenInvalid)
  })

  it.each([
    ['a quote', `"${good}"`],
    ['white space in the middle', `${good.slice(0, 9)} ${good.slice(9)}`],
    ['padding', `${good}=`],
    ['a second token behind it', `${good} ${good}`],
    ['bytes above ASCII', `${good}\xe9`],
    ['9,000 characters', 'A'.repeat(9000)],
    ['nothing but dots', '.'.repeat(2000)],
    ['Basic credentials sent as Bearer', base64(`${good}:`)],
  ])('with %s is refused', async (_, token) => {
    expect(await client.refusedWith(bearer(token))).toEqual(tokenInvalid)
  })

  it('that is the whole line of a good one is refused, also after that line was let through', async () => {
    for (let i = 0; i < 3; i++) await client.passedWith(bearer(good))
    for (const value of [`Bearer Bearer ${good}`, `bearer Bearer ${good}`, `Basic ${base64(`Bearer ${good}:`)}`]) {
      expect(await client.refusedWith(authorization(value))).toEqual(tokenInvalid)
    }
  })

  it.each([
    ['a refresh token', 'lkr_', 'POST /v1/token/refresh'],
    ['an API key', 'lkk_', 'POST /v1/token'],
  ])('that is %s is refused with a hint where to take it', async (_, prefix, hint) => {
    for (const header of [bearer(`${prefix}SECRETSECRET`), basic(`${prefix}SECRETSECRET:`)]) {
      expect(await client.refusedWith(header)).toEqual(tokenInvalid)
      const { body } = await client.ask({ headers: [header] })
      expect(JSON.parse(body).detail).toContain(hint)
      expect(body).not.toContain('SECRET')
    }
  })
})

onEveryFramework('two credentials', (client) => {
  const line = `Bearer ${good}`

  it.each([
    ['two equal lines', [authorization(line), authorization(line)]],
    ['two lines whose names differ in case', [['Authorization', line] as const, ['AUTHORIZATION', line] as const]],
    ['Bearer and Basic', [bearer(good), basic(`${good}:`)]],
    ['a good token before a bad one', [bearer(good), bearer(bad.tampered)]],
    ['a bad token before a good one', [bearer(bad.tampered), bearer(good)]],
    ['a good token before Digest', [bearer(good), authorization('Digest username="7", realm="x"')]],
    ['Digest before a good token', [authorization('Digest username="7", realm="x"'), bearer(good)]],
    ['a good token before an empty line', [bearer(good), authorization('')]],
    ['lines apart from each other', [bearer(good), ['accept', '*/*'] as const, bearer(good)]],
    ['one line with a comma between', [authorization(`${line}, ${line}`)]],
    ['one line with a bare comma between', [authorization(`${line},${line}`)]],
    ['another scheme before a Bearer that is empty', [authorization('Digest x, Bearer, y')]],
    ['one line with Bearer and Basic', [authorization(`${line}, Basic ${base64(`${good}:`)}`)]],
  ])('are refused, even where one is good: %s', async (_, headers) => {
    expect(await client.refusedWith(...headers)).toEqual(twoCredentials)
  })

  it.each([bearer(good), basic(`${good}:`), bearer('wrong')])(
    'are what a header and a token in the query are: %s %s',
    async (...header) => {
      for (const query of [`access_token=${good}`, `a=1&access_token=x`, 'access_token=']) {
        expect(await client.refused({ path: `/guarded?${query}`, headers: [header] })).toEqual(twoCredentials)
      }
    },
  )

  it('are not seen in a query that only looks like it', async () => {
    for (const query of ['q=access_token=1', 'my_access_token=1', 'ACCESS_TOKEN=1']) {
      await client.passed({ path: `/guarded?${query}`, headers: [bearer(good)] })
    }
  })

  it('name the field and never the values', async () => {
    const { body } = await client.ask({ headers: [bearer(good), bearer(good)] })
    expect(JSON.parse(body).msg).toEqual({ authorization: [expect.any(String)] })
  })
})
