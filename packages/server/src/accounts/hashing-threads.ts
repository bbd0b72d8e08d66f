import { Worker } from 'node:worker_threads'

/** With `stored` the check of a secret against it, else a new hash. */
export interface HashJob {
  readonly stored?: string
  readonly secret: Uint8Array
  readonly options?: { readonly memoryCost: number; readonly timeCost: number; readonly parallelism: number }
}

const program = new URL('../../bin/hashing-thread.js', import.meta.url)
const keptMs = 10_000

type Answer = { readonly result: string | boolean; readonly error?: undefined } | { readonly error: unknown }

interface Thread {
  readonly worker: Worker
  /** The job that runs; undefined in one that waits. */
  settle:
    | { readonly resolve: (result: string | boolean) => void; readonly reject: (error: unknown) => void }
    | undefined
  idle: NodeJS.Timeout | undefined
}

const threads = new Set<Thread>()

/**
 * Runs one job in a thread that does nothing else, at a lower priority than the threads of requests (Linux), so that hashing
 * takes what they leave. In the thread pool it would stand before files, DNS and signatures as well. There are as many threads as
 * jobs at once, and none after ten seconds without one. A job holds the process open.
 */
export function runHashJob(job: HashJob): Promise<string | boolean> {
  const thread = [...threads].find(({ settle }) => settle === undefined) ?? startThread()
  clearTimeout(thread.idle)
  thread.worker.ref()
  return new Promise((resolve, reject) => {
    thread.settle = { resolve, reject }
    thread.worker.postMessage(job)
  })
}

function startThread(): Thread {
  const worker = new Worker(program)
  const thread: Thread = { worker, settle: undefined, idle: undefined }
  worker.on('message', (answer: Answer) => {
    const { settle } = thread
    rest(thread)
    if (answer.error === undefined) settle?.resolve((answer as { result: string | boolean }).result)
    else settle?.reject(answer.error)
  })
  worker.on('error', (error) => thread.settle?.reject(error))
  worker.on('exit', (code) => {
    threads.delete(thread)
    clearTimeout(thread.idle)
    thread.settle?.reject(new Error(`A hashing thread ended with ${code}`))
  })
  threads.add(thread)
  return thread
}

function rest(thread: Thread): void {
  thread.settle = undefined
  thread.worker.unref()
  thread.idle = setTimeout(() => {
    threads.delete(thread)
    void thread.worker.terminate()
  }, keptMs).unref()
}
