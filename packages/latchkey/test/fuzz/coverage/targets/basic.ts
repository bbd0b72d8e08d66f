/** Basic: what stands behind the scheme, as it is and as the base64 of it. */
import { readBasicPlainly } from '../../read-header.js'
import { loadHttp } from '../modules.js'
import { must, type TargetDefinition } from '../target.js'

export const basic: TargetDefinition = {
  name: 'basic',
  shortRuns: 40_000,
  async prepare(code) {
    const { readAuthorization } = await loadHttp(code)

    function compare(text: string): void {
      const read = readAuthorization([`Basic ${text}`])
      const plain = text.includes(',') ? undefined : readBasicPlainly(text.replace(/^ +/, ''))
      const kind = plain ? 'token' : text.includes(',') ? 'several' : 'malformed'
      must(read.kind === kind, `reads ${read.kind} where another answer is right`)
      const [name, password] = read.kind === 'token' && 'password' in read ? [read.token, read.password] : []
      must(name === plain?.name && password === plain?.password, 'reads another name or password')
    }
    function run(input: string): void {
      compare(input)
      compare(Buffer.from(input, /^[\0-\xff]*$/.test(input) ? 'latin1' : 'utf8').toString('base64'))
    }
    const seeds = [
      ...[
        'name:',
        'name:password',
        ':',
        ':x',
        'name',
        '',
        'a:b:c',
        '\u00c3\u00a9:',
        '\u00e9:',
        '\u00ef\u00bb\u00bfa:',
        'n\0:',
        'n:\u007f',
      ],
      ...['bmFtZTo=', 'bmFtZTo', 'bmFtZTp=', 'bmFtZTpwYXNzd29yZA==', 'Og==', '____', '//8='],
    ]
    return {
      seeds,
      words: [':', '=', '==', '\u00c3', '\u00ed\u00a0\u0080', '\u00f0\u009f\u0098\u0080'],
      maxLength: 500,
      run,
    }
  },
}
