import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  /** PEM. */
  readonly key: string
  readonly cert: string
  /** The path of `cert`, for NODE_EXTRA_CA_CERTS. */
  readonly certificate: string
}

/** A certificate of `localhost` and 127.0.0.1 that signed itself, as two files in `folder`. */
export function makeCertificate(openssl: string, folder: string): Certificate {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ')
  const more = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate]
  execFileSync(openssl, [...words, ...more], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8'), certificate }
}
