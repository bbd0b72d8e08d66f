/** What is loaded from the copy of the code. */
import type * as latchkey from 'latchkey'
import type * as http from 'latchkey/http'
import type * as jws from 'latchkey/jws'
import type * as token from 'latchkey/token'
import type { CodeUnderTest } from './code-under-test.js'

export const loadLatchkey = (code: CodeUnderTest) => code.load<typeof latchkey>('latchkey/dist/index.js')
export const loadHttp = (code: CodeUnderTest) => code.load<typeof http>('latchkey/dist/http/index.js')
export const loadJws = (code: CodeUnderTest) => code.load<typeof jws>('latchkey/dist/token/jws.js')
export const loadToken = (code: CodeUnderTest) => code.load<typeof token>('latchkey/dist/token/index.js')
