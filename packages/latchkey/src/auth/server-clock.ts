/** What time it is at the server, learnt from its answers: so that an old answer shows, whoever repeats it. */

const windowMs = 10 * 60_000

/** When an answer was written, by the two clocks of who wrote it. */
export interface Written {
  /** Of the server, in milliseconds since the epoch: somebody may set it. */
  readonly nowMs: number
  /** Which process wrote it, and the clock of that process alone, which nobody sets, but which may stand still in a machine that sleeps. */
  readonly process?: { readonly id: string; readonly ms: number } | undefined
}

export interface ServerClock {
  /** An answer came. Answers how old it must be at least, in milliseconds. */
  heard(written: Written): number
}

/**
 * The quickest answer of the last ten minutes says how a clock there and this one's differ; an answer that seems to come from
 * earlier was kept by somebody in between. Both clocks of an answer must say so: one of them may have been set, or have stood
 * still. Whether they are right does not matter.
 */
export function createServerClock(): ServerClock {
  const wall = createOffset()
  const processes = new Map<string, Offset>()
  return Object.freeze({
    heard({ nowMs, process }: Written) {
      const atMs = performance.now()
      for (const [id, offset] of processes) if (offset.isForgotten(atMs)) processes.delete(id)
      const byWall = wall.behindMs(nowMs, atMs)
      if (process === undefined) return byWall
      const known = processes.get(process.id)
      const offset = known ?? createOffset()
      const byProcess = offset.behindMs(process.ms, atMs)
      if (known !== undefined) return Math.min(byWall, byProcess)
      processes.set(process.id, offset)
      return byWall
    },
  })
}

interface Offset {
  /** By how much an answer that was written at `writtenMs` is later here than the quickest of the window. */
  behindMs(writtenMs: number, atMs: number): number
  isForgotten(atMs: number): boolean
}

function createOffset(): Offset {
  const heard: { readonly atMs: number; readonly behindMs: number }[] = []
  return {
    behindMs(writtenMs: number, atMs: number) {
      const behindMs = atMs - writtenMs
      while (heard.length > 0 && (heard[0] as { atMs: number }).atMs < atMs - windowMs) heard.shift()
      // Only what is quicker than everything after it can become the quickest.
      while (heard.length > 0 && (heard.at(-1) as { behindMs: number }).behindMs >= behindMs) heard.pop()
      heard.push({ atMs, behindMs })
      return behindMs - (heard[0] as { behindMs: number }).behindMs
    },
    isForgotten: (atMs: number) => ((heard.at(-1) as { atMs: number } | undefined)?.atMs ?? 0) < atMs - windowMs,
  }
}
