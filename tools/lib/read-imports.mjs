import { parseSync, Visitor } from 'oxc-parser'

// Everything by which a TypeScript text names another module: imports, re-exports, `import()` in code and in types,
// `import x = require()`, `require()` and reference comments, as [{ specifier, line, typeOnly, names }].
// `specifier` is undefined when it is computed; `typeOnly` means that nothing of it is left when types are erased.
export function readImports(text, path) {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0].message}`)
  const found = []
  const add = (node, source, typeOnly, names = []) =>
    found.push({ specifier: literal(source), line: lineAt(text, node.start), typeOnly, names })

  new Visitor({
    ImportDeclaration: (node) => add(node, node.source, node.importKind === 'type', importedNames(node)),
    ExportNamedDeclaration: (node) =>
      node.source && add(node, node.source, node.exportKind === 'type', exportedNames(node)),
    ExportAllDeclaration: (node) => add(node, node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node, node.source, false),
    TSImportType: (node) => add(node, node.source ?? node.argument, true),
    TSExternalModuleReference: (node) => add(node, node.expression, false),
    CallExpression: (node) =>
      node.callee.type === 'Identifier' && node.callee.name === 'require' && add(node, node.arguments[0], false),
  }).visit(program)

  for (const comment of comments) {
    const reference = /^\/ *<reference +(types|path) *= *["']([^"']+)["']/.exec(comment.value)
    if (!reference) continue
    const [, kind, name] = reference
    const specifier = kind === 'path' && !name.startsWith('.') ? `./${name}` : name
    found.push({ specifier, line: lineAt(text, comment.start), typeOnly: true, names: [] })
  }
  return found
}

function importedNames(node) {
  return node.specifiers.flatMap((specifier) => {
    const typeOnly = node.importKind === 'type' || specifier.importKind === 'type'
    if (specifier.type === 'ImportDefaultSpecifier') return [{ name: 'default', typeOnly }]
    if (specifier.type === 'ImportNamespaceSpecifier') return []
    return [{ name: specifier.imported.name ?? specifier.imported.value, typeOnly }]
  })
}

function exportedNames(node) {
  return node.specifiers.map(({ local, exportKind }) => ({
    name: local.name ?? local.value,
    typeOnly: node.exportKind === 'type' || exportKind === 'type',
  }))
}

function literal(source) {
  if (source?.type === 'Literal' && typeof source.value === 'string') return source.value
  if (source?.type === 'TSLiteralType') return literal(source.literal)
  if (source?.type === 'TemplateLiteral' && source.expressions.length === 0) return source.quasis[0].value.cooked
  return undefined
}

export function lineAt(text, offset) {
  return text.slice(0, offset).split('\n').length
}
