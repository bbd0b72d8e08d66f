/** `parseStrictJson`, of texts and of bytes. */
import { isDeepStrictEqual } from 'node:util'
import { makeJsonText } from '../../json-texts.js'
import { readPlainly } from '../../read-json.js'
import { loadHttp, loadLatchkey } from '../modules.js'
import { must, type TargetDefinition } from '../target.js'

export const json: TargetDefinition = {
  name: 'json',
  shortRuns: 8000,
  async prepare(code) {
    const [{ LatchkeyError }, { parseStrictJson }] = await Promise.all([loadLatchkey(code), loadHttp(code)])

    function parse(body: string | Uint8Array): { value: unknown } | undefined {
      try {
        return { value: parseStrictJson(body) }
      } catch (error) {
        if (!(error instanceof LatchkeyError) || error.code !== 'parameter_invalid') throw error
        must(JSON.stringify(error.toProblem()).length <= 600, 'writes a long answer')
        return undefined
      }
    }
    function compare(read: { value: unknown } | undefined, plain: { value: unknown } | undefined, of: string): void {
      must(!read || plain !== undefined, `accepts ${of} that must be refused`)
      must(!plain || read !== undefined, `refuses ${of} that is right`)
      must(isDeepStrictEqual(read?.value, plain?.value), `reads another value of ${of}`)
      if (read) must(parse(JSON.stringify(read.value)) !== undefined, 'refuses what it accepted, written anew')
    }
    function run(input: string): void {
      const utf8 = Buffer.from(input)
      // A text with half of a pair is that of no bytes.
      const isText = utf8.toString() === input
      compare(parse(input), isText ? readPlainly(utf8) : undefined, 'a text')
      const bytes = /^[\0-\xff]*$/.test(input) ? Buffer.from(input, 'latin1') : utf8
      compare(parse(bytes), readPlainly(bytes), 'bytes')
    }
    const seeds = [
      ...[
        '{"a":1,"b":[true,false,null,"x",{"c":-1.5e3}]}',
        '{"a":1,"a":2}',
        '{"a":{"b":1,"\\u0062":2}}',
        '{"__proto__":1}',
      ],
      ...['"\\ud83d\\ude00"', '"\\ud800"', '1e400', '[1e-400,1e309]', `${'['.repeat(33)}${']'.repeat(33)}`, '\ufeff{}'],
      ...['{"\u00c3\u00a9":"\u00e9"}', '"\\"\\\\"', '', ' {} ', '{"a":"\\u00e9","b":"\u00e9"}'],
    ]
    const words = [
      '"__proto__"',
      '\\u005f',
      '"a":',
      ',"a":1',
      '\\ud83d',
      '\\ude00',
      '{',
      '}',
      '[',
      ']',
      '1e309',
      '\\\\',
    ]
    return { seeds, words, maxLength: 2000, make: makeJsonText, run }
  },
}
