import { Agent as HttpAgent } from 'node:http'
import type { ClientRequestArgs } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Socket, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import got from 'got'
import type { Got } from 'got'
import type { AddressPolicy } from './address-policy.ts'
import { EgressError } from './egress-error.ts'
import { createGuardedLookup } from './guarded-lookup.ts'
import type { GuardedLookup } from './guarded-lookup.ts'
import { createTrust } from './trust.ts'

export interface HttpClientOptions {
  policy: AddressPolicy
  /** Milliseconds for a whole request, default 15,000. */
  timeoutMs?: number
  /** Certificates in PEM trusted beside the usual ones. */
  ca?: string | readonly string[]
  lookup?: GuardedLookup
}

/**
 * got for HTTP that is not per delivery, behind the same guard as the sender: no retries, redirects, decompression or
 * proxies; a status is never thrown. Failures are got's errors: `classifyError` names their code.
 */
export function createHttpClient(options: HttpClientOptions): Got {
  const { policy, timeoutMs = 15_000, lookup = createGuardedLookup({ policy }) } = options
  const secureContext = createTrust(options.ca)
  return got.extend({
    agent: {
      http: guardAgent(new HttpAgent({ keepAlive: false }), policy, lookup),
      https: guardAgent(new HttpsAgent({ keepAlive: false, secureContext }), policy, lookup),
    },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    http2: false,
    enableUnixSockets: false,
    maxHeaderSize: 16_384,
    https: { rejectUnauthorized: true },
    timeout: { lookup: 2_000, connect: 3_000, secureConnect: 3_000, send: 5_000, request: timeoutMs },
  })
}

interface Connectable {
  createConnection(
    options: ClientRequestArgs,
    done?: (error: Error | null) => void,
  ): Duplex | null | undefined
}

/** Makes every connection of an agent go through the guard. A refusal goes to the callback: a throw here would escape. */
function guardAgent<A extends HttpAgent>(agent: A, policy: AddressPolicy, lookup: GuardedLookup): A {
  const connectable = agent as unknown as Connectable
  const connect = connectable.createConnection.bind(agent)
  connectable.createConnection = (options, done) => {
    const host = options.host ?? ''
    const port = Number(options.port)
    // For a connection Node's `path` is that of a local socket, not of the URL.
    const refusal = refuse(policy, host, port, options.socketPath ?? options.path)
    if (refusal) return void setImmediate(() => done?.(refusal))
    const socket = connect({ ...options, lookup: lookupOf(policy, port, lookup) })
    if (socket instanceof Socket) {
      socket.once('connect', () => {
        const { remoteAddress } = socket
        // Without one it has been reset meanwhile, which the socket tells by itself.
        if (remoteAddress !== undefined && !policy.allowsAddress(remoteAddress)) socket.destroy(blocked(host))
      })
    }
    return socket
  }
  return agent
}

/** Literal addresses never reach a lookup, so they are judged here. */
function refuse(
  policy: AddressPolicy,
  host: string,
  port: number,
  socketPath: unknown,
): EgressError | undefined {
  if (socketPath) return blocked('a local socket')
  if (isIP(host) === 0) return undefined
  if (!policy.allowsAddress(host)) return blocked(host)
  return policy.allowsPort(port, host) ? undefined : blockedPort(port)
}

function lookupOf(policy: AddressPolicy, port: number, lookup: GuardedLookup): LookupFunction {
  return (host, { all }, done) => {
    lookup(host).then(
      (addresses) => {
        const [first] = addresses
        if (!first) return done(blocked(host), [])
        if (addresses.some(({ address }) => !policy.allowsPort(port, address)))
          return done(blockedPort(port), [])
        if (all) done(null, addresses)
        else done(null, first.address, first.family)
      },
      (error: Error) => done(error, []),
    )
  }
}

const blocked = (host: string) =>
  new EgressError('blocked_address', 'dns', `${host} is not on the public internet`)
const blockedPort = (port: number) =>
  new EgressError('blocked_port', 'connect', `port ${port} must not be called`)
