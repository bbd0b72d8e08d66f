/** Puts a counter into every branch of a module, so that a fuzzer sees where an input has led. */
import { parseSync } from 'oxc-parser'

/** More than all modules of ours have branches together. */
export const maxCounters = 16_384

export interface Instrumented {
  readonly code: string
  /** How many counters it has. */
  readonly counters: number
  /** The short texts that stand in it: what its comparisons may ask for. */
  readonly words: readonly string[]
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [member: string]: unknown
}

export interface CounterPlace {
  /** The member of `globalThis` that holds the counters. */
  readonly name: string
  /** The first counter of this module. */
  readonly first: number
}

/** Takes JavaScript as `tsc` writes it: a module, without directives. */
export function instrument(code: string, path: string, { name, first }: CounterPlace): Instrumented {
  const { program, errors } = parseSync(path, code)
  if (errors.length > 0) throw new SyntaxError(`${path} must be JavaScript: ${errors[0]?.message}`)
  const [before, after] = [new Map<number, string>(), new Map<number, string>()]
  const words = new Set<string>()
  let next = first
  const count = () => `__c[${next++}]++`
  const open = (at: number, text: string) => before.set(at, (before.get(at) ?? '') + text)
  const close = (at: number, text: string) => after.set(at, (after.get(at) ?? '') + text)

  /** Puts a counter before an expression. */
  function expression(node: Node) {
    open(node.start, `(${count()},`)
    visit(node)
    close(node.end, ')')
  }

  /** Puts a counter before a statement, which is a block from then on. */
  function statement(node: Node) {
    if (node.type !== 'BlockStatement') open(node.start, `{${count()};`)
    visit(node)
    if (node.type !== 'BlockStatement') close(node.end, '}')
  }

  const special: Readonly<Record<string, (node: Node) => void>> = {
    BlockStatement(node) {
      open(node.start + 1, `${count()};`)
      for (const child of childrenOf(node)) visit(child)
    },
    ArrowFunctionExpression(node) {
      const body = node.body as Node
      for (const child of childrenOf(node)) if (child !== body) visit(child)
      if (node.expression) expression(body)
      else visit(body)
    },
    IfStatement(node) {
      visit(node.test as Node)
      statement(node.consequent as Node)
      if (node.alternate) statement(node.alternate as Node)
      else close(node.end, `else{${count()}}`)
    },
    ConditionalExpression(node) {
      visit(node.test as Node)
      expression(node.consequent as Node)
      expression(node.alternate as Node)
    },
    LogicalExpression(node) {
      visit(node.left as Node)
      expression(node.right as Node)
    },
    SwitchCase(node) {
      const [firstOne] = node.consequent as Node[]
      if (firstOne) open(firstOne.start, `${count()};`)
      for (const child of childrenOf(node)) visit(child)
    },
    Literal(node) {
      if (typeof node.value === 'string' && node.value !== '' && node.value.length <= 16) words.add(node.value)
    },
  }
  for (const loop of ['ForStatement', 'ForOfStatement', 'ForInStatement', 'WhileStatement']) {
    ;(special as Record<string, (node: Node) => void>)[loop] = (node) => {
      for (const child of childrenOf(node)) if (child !== node.body) visit(child)
      statement(node.body as Node)
    }
  }

  function visit(node: Node) {
    const how = special[node.type]
    if (how) how(node)
    else for (const child of childrenOf(node)) visit(child)
  }

  visit(program as unknown as Node)
  let written = `const __c=globalThis[${JSON.stringify(name)}];`
  for (let at = 0; at <= code.length; at++) {
    written += (after.get(at) ?? '') + (before.get(at) ?? '') + (code[at] ?? '')
  }
  return { code: written, counters: next - first, words: [...words] }
}

function* childrenOf(node: Node): Generator<Node> {
  for (const value of Object.values(node)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'object' && one !== null && typeof (one as Node).type === 'string') yield one as Node
    }
  }
}
