import { describe, expect, it } from 'vitest'
import { type ErrorCode, errorTable, LatchkeyError } from './errors.js'
import { problem } from './http/index.js'

const codes = Object.keys(errorTable) as ErrorCode[]

describe('the error table', () => {
  it.each(codes)('%s becomes a problem with all members', (code) => {
    const row = errorTable[code]
    const { status, headers, body } = problem(new LatchkeyError(code), 'GET /v1/user')
    expect(status).toBe(row.status)
    expect(headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(body)).toEqual({
      ...{ type: `urn:latchkey:error:${code}`, title: row.title, status, detail: row.msg, code },
      ...{ msg: row.msg, error_code: row.errorCode, request: 'GET /v1/user' },
    })
    expect('www-authenticate' in headers).toBe(status === 401 || status === 403)
    expect('retry-after' in headers).toBe(status === 429 || status === 503)
  })

  it('never lets the cause of a server error out', () => {
    const cause = new Error('SELECT secret_hash FROM users')
    for (const error of [cause, 'text', null, new LatchkeyError('server_error', { cause, detail: 'secret_hash' })]) {
      const answer = problem(error)
      expect(answer.status).toBe(500)
      expect(JSON.stringify(answer)).not.toContain('secret_hash')
    }
  })

  it('answers by the handlers of frameworks: status, statusCode, expose, code, headers, getResponse', async () => {
    const error = new LatchkeyError('busy', { retryAfterSeconds: 3 })
    expect(error).toMatchObject({
      status: 503,
      statusCode: 503,
      expose: true,
      code: 'busy',
      headers: { 'retry-after': '3' },
    })
    const response = error.getResponse() as Response
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3'])
    expect(await response.json()).toMatchObject({ code: 'busy', error_code: 1011 })
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: 'busy' })
  })
})
