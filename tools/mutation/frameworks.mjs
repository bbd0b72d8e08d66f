// In the place of packages/latchkey/test/guards/frameworks.ts: what is mutated is the same for each of them, and one is quicker.
import { startNode } from '../../packages/latchkey/test/guards/apps/node.js'

export const frameworks = [{ name: 'node:http', start: startNode }]
