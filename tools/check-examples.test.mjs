import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const server = (answer) =>
  `import { createServer } from 'node:http'\ncreateServer((req, res) => { ${answer} }).listen(3000)`
const block = (info, code) => `\`\`\`${info}\n${code}\n\`\`\`\n`
// Stands in for the real one: answers a token, and 401 to whoever does not send it.
const latchkey = `import { createServer } from 'node:http'
import process from 'node:process'
createServer((req, res) => {
  const sent = [req.headers.authorization, req.headers['content-type']].join()
  if (req.url === '/v1/user' && sent !== 'Bearer abc,') res.statusCode = 401
  res.end(JSON.stringify({ token: 'abc' }))
}).listen(process.env.PORT, '127.0.0.1')`

const run = (files, env) => runCheck('check-examples.mjs', files, { env, installed: true })

test('runs programs and curl lines in their order, and counts what it leaves out', async () => {
  const text = [
    '# Latchkey\n',
    block('sh', 'npm start'),
    block(
      'console',
      '$ curl localhost:4000/v1/token -H content-type:application/json \\\n    -d \'{\n  "a": 1 }\'\n{ "token": "..." }\n$ ls',
    ),
    block('sh', 'curl -i localhost:4000/v1/user -H "Authorization: Bearer TOKEN"   # prints the user'),
    '## One process\n',
    block(
      'js',
      `// app.js\n${server("res.statusCode = req.headers.authorization === 'Basic YWJjOg==' ? 200 : 401; res.end()")}`,
    ),
    block('sh', 'curl localhost:3000/orders -u TOKEN:\ncurl localhost:3000/orders   # 401'),
    '## TypeScript\n',
    block(
      'ts',
      server('const code: number = 204; res.statusCode = code; res.end(process.pid)').replace('process.pid', ''),
    ),
    block(
      'js',
      "import 'node:http'\nconst { status } = await fetch('http://localhost:3000')\nif (status !== 204) throw status",
    ),
    block('sh', 'curl -XDELETE localhost:3000'),
    block('ts no-run needs PostgreSQL', "import pg from 'pg'"),
    block('json', '{}'),
  ]
  const { code, output } = await run({
    'README.md': text.join('\n'),
    'docs/decisions/0001-x.md': block('js', 'let broken = ...'),
    'packages/server/bin/latchkey.js': latchkey,
    'packages/server/package.json': { type: 'module' },
  })
  expect(output).toMatch(/^not run: README\.md:\d+ needs PostgreSQL\nexamples: 8 run, 1 not run\n$/)
  expect(code).toBe(0)
})

test('refuses each kind of example that does not work, with its place and output', async () => {
  const documents = {
    'docs/crash.md': block('js', "import 'node:http'\nconsole.log('about to fail')\nthrow new Error('no luck')"),
    'docs/status.md':
      block('js', server("res.statusCode = 404; res.end('nothing here')")) + block('sh', 'curl localhost:3000/x'),
    'docs/expected.md': block('js', server('res.end()')) + block('sh', 'curl localhost:3000/x # 401'),
    'docs/token.md': block('js', server('res.end()')) + block('sh', 'curl localhost:3000/x -u TOKEN:'),
    'docs/died.md':
      block('js', server("res.end('{}'); setImmediate(() => { throw new Error('later') })")) +
      block('sh', 'curl localhost:3000') +
      block('js', "import { setTimeout } from 'node:timers/promises'\nawait setTimeout(500)"),
    'docs/nobody.md': block('sh', 'curl localhost:3000/x'),
    'docs/section.md': `${block('js', server('res.end()'))}\n## Other\n${block('sh', 'curl localhost:3000/x')}`,
    'docs/types.md': block('ts', "import 'node:http'\n\nexport const a: string = 1"),
    'docs/fragment.md': block('js', 'guard(latchkey)'),
    'docs/unreasoned.md': block('js no-run', 'guard(latchkey)'),
    'docs/elsewhere.md': block('sh', 'curl https://example.org/'),
    'docs/pipe.md': block('sh', 'curl localhost:3000/x | jq .token'),
    'docs/option.md': block('js', server('res.end()')) + block('sh', 'curl --proxy x localhost:3000'),
    'docs/quote.md': block('sh', "curl localhost:3000 -d '{"),
    'docs/missing.md': block('js', "import 'not-installed'"),
    'docs/server.md': block('sh', 'curl localhost:4000/v1/user'),
    'packages/server/bin/latchkey.js': "console.log('the secret is missing')\nprocess.exit(2)",
  }
  const { code, output } = await run(documents)
  const expected = [
    /crash\.md:2 ends with 1\n {4}about to fail[\s\S]*Error: no luck/,
    /status\.md:6 answers 404; expected: 2xx\n {4}nothing here/,
    /expected\.md:6 answers 200; expected: 401/,
    /token\.md:6 needs TOKEN, and no answer before it had one/,
    /died\.md:2 ended with 1 after it had started[\s\S]*Error: later/,
    /nobody\.md:2 asks localhost:3000, and no program of this section listens there/,
    /section\.md:8 asks localhost:3000, and no program/,
    /types\.md:4 error TS2322/,
    /fragment\.md:2 starts with no import; complete it, or mark it: no-run REASON/,
    /unreasoned\.md:2 is marked no-run without a reason/,
    /elsewhere\.md:2 asks neither localhost:3000 nor localhost:4000/,
    /pipe\.md:2 holds \|; allowed: one plain command a line/,
    /option\.md:6 fails: the option --proxy of curl is not known here/,
    /quote\.md:2 has a quote or a line without end/,
    /missing\.md:2 ends with 1\n[\s\S]*Cannot find package 'not-installed'/,
    /server\.md:2 needs the server, which ends\n {4}the secret is missing/,
  ]
  for (const pattern of expected) expect(output).toMatch(pattern)
  expect(code).toBe(1)
})

test('refuses a program that neither listens nor ends in time', async () => {
  const { code, output } = await run(
    { 'README.md': block('js', "import 'node:http'\nsetInterval(() => {}, 1000)") },
    { EXAMPLE_LIMIT_MS: '500' },
  )
  expect(output).toContain('README.md:2 neither listens on port 3000 nor ends within 0.5 s')
  expect(code).toBe(1)
})

test('refuses a server that does not answer in time', async () => {
  const { code, output } = await run(
    {
      'README.md': block('sh', 'curl localhost:4000'),
      'packages/server/bin/latchkey.js': 'setInterval(() => {}, 1000)',
    },
    { EXAMPLE_LIMIT_MS: '500' },
  )
  expect(output).toContain('README.md:2 needs the server, which does not answer within 0.5 s')
  expect(code).toBe(1)
})

test('leaves no process behind', async () => {
  const program = server('res.end(JSON.stringify({ token: String(process.pid) }))')
  const text = `${block('js', program)}\n${block('sh', 'curl localhost:3000\ncurl localhost:3000/TOKEN # 500')}`
  const { output } = await run({ 'README.md': text })
  const pid = Number(/"token":"(\d+)"/.exec(output)?.[1])
  expect(pid).toBeGreaterThan(1)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
