import { checkAddress, checkOptionNames } from '../options.js'
import { type ClientStorage, createMemoryStorage } from './storage.js'

export interface ClientOptions {
  /** Where the server is, such as `https://id.example`. Its origin gets the token. */
  readonly server: string
  /** The origins of other APIs that get the token, such as `https://api.example`. Default none. */
  readonly apis?: readonly string[] | undefined
  /** Default: memory, which goes with the page or process. */
  readonly storage?: ClientStorage | undefined
  /**
   * Whether the tabs and workers of one origin are logged in and out together; without shared storage they hand the session
   * on to each other. Only in browsers. Default true.
   */
  readonly tabs?: boolean | undefined
  /** Allows http to another machine, where anybody on the way reads secrets and tokens. Default false. */
  readonly allowHttp?: boolean | undefined
}

export interface ReadOptions {
  readonly server: string
  readonly origins: ReadonlySet<string>
  readonly storage: ClientStorage
  readonly tabs: boolean
}

/** @throws TypeError for a wrong address, or an unknown or wrong option. */
export function readClientOptions(options: ClientOptions): ReadOptions {
  checkOptionNames('createClient', options, ['server', 'apis', 'storage', 'tabs', 'allowHttp'])
  const { server, apis = [], storage = createMemoryStorage(), tabs = true, allowHttp = false } = options
  const read = (name: string, address: string) => {
    const url = checkAddress(name, address, allowHttp, 'it gets the token')
    if (url.search) throw new TypeError(`${name} must have no query`)
    return url
  }
  if (typeof storage.get !== 'function' || typeof storage.set !== 'function' || typeof storage.delete !== 'function') {
    throw new TypeError('storage must have get, set and delete')
  }
  const { href, origin } = read('server', server)
  const origins = new Set([origin, ...apis.map((api) => read('apis', api).origin)])
  return { server: href.replace(/\/+$/, ''), origins, storage, tabs }
}
