/** What an OpenAPI file says of one operation, as far as it is needed to call it. */

/** Methods that should change nothing (RFC 9110 section 9.2.1): the good token is sent to these without asking. */
export const safeMethods: readonly string[] = ['GET', 'HEAD']

export interface Operation {
  /** As people name it: `GET /orders/{id}`. */
  readonly name: string
  readonly method: string
  /** The path as the file writes it: `/orders/{id}`. */
  readonly template: string
  /** Below the address of the API, with every parameter filled in: `/orders/1`. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  /** Well-formed, and refused by whoever checks it, where the file makes that possible. */
  readonly body: string | undefined
  /** Whether a parameter of the path was made up, so that nothing need be there. */
  readonly madeUp: boolean
  /** Whether the file itself asks for no credential. */
  readonly openByDescription: boolean
  /** The scopes of each way to be let in; one of them suffices. */
  readonly scopes: readonly (readonly string[])[]
}

export function isSafe({ method }: Operation): boolean {
  return safeMethods.includes(method)
}
