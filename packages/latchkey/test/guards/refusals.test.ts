/** What stands in a refusal and around it: members, headers, nothing of the token; and errors thrown into the application. */
import { expect, it } from 'vitest'
import { onEveryFramework, problemOf, realm } from './contract.js'
import { valuesOf } from './raw-http.js'
import { earlierCookies, earlierHeaders, headerPrefixes } from './routes.js'
import { bad, basic, bearer, good, tokenOf } from './tokens.js'

const noScopes = tokenOf({ scopes: [] })

onEveryFramework('a refusal', (client) => {
  it('has exactly the members that clients know', async () => {
    expect(problemOf(await client.ask({ headers: [bearer(bad.expired)] }))).toEqual({
      type: 'urn:latchkey:error:token_expired',
      title: 'Token expired',
      status: 401,
      detail: expect.stringMatching(/^[A-Z].{10,}/),
      code: 'token_expired',
      msg: 'token is expired',
      error_code: 1003,
      request: 'GET /guarded',
    })
  })

  it.each([
    ['its path without the query', '/guarded?token=SECRET', 'GET /guarded'],
    ['its whole path inside a sub-router', '/sub/guarded', 'GET /sub/guarded'],
    ['its whole path inside a sub-router, without the query', '/sub/guarded?a=1&b=/x', 'GET /sub/guarded'],
    ['its path from an absolute address', 'http://shop.example/guarded?a=1', 'GET /guarded'],
  ])('names the request by method and path: %s', async (_, path, request) => {
    expect(problemOf(await client.ask({ path })).request).toBe(request)
  })

  it('names the method that came', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect(problemOf(await client.ask({ method })).request).toBe(`${method} /guarded`)
    }
  })

  it.each([
    ['nothing', '/guarded', []],
    ['a bad token', '/guarded', [bearer(bad.tampered)]],
    ['an expired one by Basic', '/guarded', [basic(`${bad.expired}:`)]],
    ['no scope', '/read', [bearer(noScopes)]],
    ['two tokens', '/guarded', [bearer(good), bearer(good)]],
    ['Basic from another site', '/guarded', [basic(`${good}:`), ['Sec-Fetch-Site', 'cross-site'] as const]],
  ])('answers HEAD like GET, without the body: %s', async (_, path, headers) => {
    const get = await client.ask({ path, headers })
    const head = await client.ask({ method: 'HEAD', path, headers })
    expect(head.status).toBe(get.status)
    expect(head.body).toBe('')
    for (const name of ['www-authenticate', 'content-type', 'cache-control']) {
      expect(valuesOf(head, name)).toEqual(valuesOf(get, name))
    }
  })

  it('sends no body after HEAD', async () => {
    const { status, body } = await client.ask({ method: 'HEAD', headers: [bearer(good)] })
    expect([status, body]).toEqual([200, ''])
  })

  it('holds nothing of a token', async () => {
    for (const [name, token] of Object.entries({ ...bad, noScopes, opaque: 'lkr_abcdefghijklmnop' })) {
      for (const path of ['/read', `/read?access_token=${token}`, `/sub/guarded?token=${token}`]) {
        for (const header of [
          bearer(token),
          basic(`${token}:${token}`),
          ['authorization', `Basic ${token}`] as const,
        ]) {
          const answer = await client.ask({ path, headers: [header] })
          if (answer.status === 200) continue
          const text = JSON.stringify(answer)
          const value = header[1].slice(header[1].indexOf(' ') + 1)
          const parts = [...token.split('.'), value, token].filter((part) => part !== '')
          expect({ [name]: parts.filter((part) => text.includes(part.slice(0, 12))) }).toEqual({ [name]: [] })
        }
      }
    }
  })

  it('is a server error without a word of what went wrong, when something goes wrong inside', async () => {
    const answer = await client.ask({ path: '/broken', headers: [bearer(good)] })
    expect(problemOf(answer)).toMatchObject({ status: 500, error_code: 999, request: 'GET /broken' })
    expect(JSON.stringify(answer)).not.toMatch(/clock|stopped|\.[jt]s\b/)
    expect(valuesOf(answer, 'www-authenticate')).toEqual([])
  })

  it.each(headerPrefixes)('keeps the headers that were set before it, but for those of its own: %s', async (prefix) => {
    const kept = earlierHeaders.filter(([name]) => name !== 'cache-control')
    for (const [headers, status] of [
      [[], 401],
      [[bearer(good), bearer(good)], 400],
      [[bearer(good)], 200],
    ] as const) {
      const answer = await client.ask({ path: `${prefix}/guarded`, headers })
      expect(answer.status).toBe(status)
      for (const [name, value] of kept) expect([name, ...valuesOf(answer, name)]).toEqual([name, value])
      expect(valuesOf(answer, 'set-cookie')).toEqual(earlierCookies)
    }
  })

  it.each(headerPrefixes)('is not to be stored, whatever was set before it: %s', async (prefix) => {
    const answer = await client.ask({ path: `${prefix}/guarded` })
    expect(problemOf(answer)).toMatchObject({ status: 401, request: `GET ${prefix}/guarded` })
    expect(valuesOf(answer, 'www-authenticate')).toHaveLength(1)
  })
})

onEveryFramework('an error thrown into the application', (client) => {
  it.each([
    ['not_found', 404],
    ['parameter_invalid', 400],
    ['account_exists', 409],
    ['forbidden', 403],
    ['server_error', 500],
  ])('of code %s is answered with its status, where the framework lets it', async (code, status) => {
    const expected = client.framework.sendsOfErrors === 'nothing' ? 500 : status
    expect((await client.ask({ path: `/throws/${code}` })).status).toBe(expected)
  })

  it.each([
    ['token_invalid', 401, 'www-authenticate', `${realm}, error="invalid_token"`],
    ['auth_failed', 401, 'www-authenticate', realm],
    ['refresh_invalid', 401, 'www-authenticate', realm],
    ['busy', 503, 'retry-after', '1'],
    ['too_many_requests', 429, 'retry-after', '1'],
  ])('of code %s takes its headers with it, where the framework lets it', async (code, status, name, value) => {
    const answer = await client.ask({ path: `/throws/${code}` })
    const expected = { all: [status, value], status: [status], nothing: [500] }
    expect([answer.status, ...valuesOf(answer, name)]).toEqual(expected[client.framework.sendsOfErrors ?? 'all'])
  })

  it('is a server error where currentUser is read and no guard ran', async () => {
    for (const headers of [[], [bearer(good)]]) {
      expect((await client.ask({ path: '/throws-not-guarded', headers })).status).toBe(500)
    }
  })

  it('leaves an open route alone', async () => {
    for (const headers of [[], [bearer('wrong')], [bearer(good), bearer(good)]]) {
      const { status, body } = await client.ask({ path: '/open', headers })
      expect([status, body]).toEqual([200, 'open'])
    }
  })
})
