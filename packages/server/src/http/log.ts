/** Takes one line for each fault of the server's own; it never holds a credential. */
export type Log = (line: string) => void
