import { type OperationNode, QueryNode } from 'kysely'

/** Whether a node of the tree passes the test. Values are no nodes, and subqueries are query levels of their own: neither is entered. */
export function someNode(node: OperationNode, test: (node: OperationNode) => boolean): boolean {
  if (QueryNode.is(node)) return false
  if (test(node)) return true
  if (node.kind === 'ValueNode' || node.kind === 'PrimitiveValueListNode') return false
  return Object.values(node).some((child: unknown) =>
    Array.isArray(child)
      ? child.some((item) => isNode(item) && someNode(item, test))
      : isNode(child) && someNode(child, test),
  )
}

function isNode(value: unknown): value is OperationNode {
  return typeof value === 'object' && value !== null && 'kind' in value
}
