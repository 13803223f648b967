import { connect as connectTcp, isIP } from 'node:net'
import type { LookupFunction, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { AddressPolicy } from './address-policy.ts'
import { classifyError } from './classify-error.ts'
import { EgressError } from './egress-error.ts'
import type { EgressPhase } from './egress-error.ts'
import type { CheckedAddress, GuardedLookup } from './guarded-lookup.ts'
import type { TlsSessions } from './tls-sessions.ts'

export interface DialGuard {
  policy: AddressPolicy
  lookup: GuardedLookup
  secureContext: SecureContext
  sessions: TlsSessions
  /** Milliseconds for the TCP connection, and again for the TLS handshake. */
  connectTimeoutMs: number
}

/** One attempt to connect. The owner reads how far it is and may give it up. */
export interface Dial {
  phase: EgressPhase
  socket: Socket | undefined
  givenUp: boolean
}

export interface DialTarget {
  /** Name or address, without the brackets of IPv6. */
  host: string
  port: number
  secure: boolean
  /** Whose connections may share a TLS session. */
  sessionKey: string
}

/**
 * Connects to what the guarded lookup answered and to nothing else, checks the address it got once more, and for
 * https verifies the certificate (TLS 1.2 or newer, whatever the environment says).
 *
 * @throws EgressError with the phase it failed in
 */
export async function guardedConnect(guard: DialGuard, target: DialTarget, dial: Dial): Promise<Socket> {
  dial.phase = 'dns'
  const addresses = await guard.lookup(target.host)
  const refused = addresses.find(({ address }) => !guard.policy.allowsPort(target.port, address))
  if (refused) throw new EgressError('blocked_port', 'connect', `port ${target.port} must not be called`)
  if (dial.givenUp) throw new EgressError('connect_failed', 'dns', 'given up before connecting')
  dial.phase = 'connect'
  const socket = await openTcp(guard, target, dial, addresses)
  if (!target.secure) return socket
  dial.phase = 'tls'
  return openTls(guard, target, dial, socket)
}

async function openTcp(
  guard: DialGuard,
  { host, port }: DialTarget,
  dial: Dial,
  addresses: CheckedAddress[],
) {
  const socket = connectTcp({
    host,
    port,
    lookup: pinTo(addresses),
    autoSelectFamily: addresses.length > 1,
    autoSelectFamilyAttemptTimeout: 500,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  })
  dial.socket = ignoreStrayErrors(socket)
  await settled(socket, 'connect', 'connect', guard.connectTimeoutMs)
  const { remoteAddress } = socket
  if (remoteAddress !== undefined && guard.policy.allowsAddress(remoteAddress)) return socket
  socket.destroy()
  // A peer that has reset the connection meanwhile has no address any more: nothing was blocked.
  if (remoteAddress === undefined)
    throw new EgressError('connection_reset', 'connect', 'the connection was reset as soon as it stood')
  throw new EgressError('blocked_address', 'connect', `${remoteAddress} is not on the public internet`)
}

async function openTls(guard: DialGuard, target: DialTarget, dial: Dial, socket: Socket): Promise<TLSSocket> {
  const { host, sessionKey } = target
  const session = guard.sessions.take(sessionKey)
  const secured = connectTls({
    socket,
    host, // whom the certificate must name
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: guard.secureContext,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(session ? { session } : {}),
  })
  dial.socket = ignoreStrayErrors(secured)
  // Node checks no name on a resumed session, so only sessions of verified connections are kept.
  let verified = false
  let early: Buffer | undefined
  secured.on('session', (issued) => {
    if (verified) guard.sessions.put(sessionKey, issued)
    else early = issued
  })
  await settled(secured, 'secureConnect', 'tls', guard.connectTimeoutMs)
  verified = true
  const kept = early ?? session
  if (kept) guard.sessions.put(sessionKey, kept)
  return secured
}

/** A socket's second error, or one between two owners, must not end the process. Whoever waits listens as well. */
function ignoreStrayErrors<S extends Socket>(socket: S): S {
  return socket.on('error', () => {})
}

/** Hands the checked addresses to node:net in place of a lookup. For literal addresses it is not even called. */
function pinTo(addresses: CheckedAddress[]): LookupFunction {
  return (_host, options, done) => {
    const [first] = addresses
    if (options.all) done(null, addresses)
    else if (first) done(null, first.address, first.family)
  }
}

/** Waits for a socket's event; destroys the socket when it fails or takes too long. */
function settled(socket: Socket, event: string, phase: 'connect' | 'tls', ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      if (!error) return resolve()
      socket.destroy()
      reject(error)
    }
    const onEvent = (): void => finish()
    const onError = (error: Error): void => {
      const { code, phase: at } = classifyError(error, phase)
      finish(new EgressError(code, at, error.message || code, { cause: error }))
    }
    const onClose = (): void => onError(new Error('closed while connecting'))
    const timeout = phase === 'tls' ? 'tls_timeout' : 'connect_timeout'
    const timer = setTimeout(() => finish(new EgressError(timeout, phase, `no answer within ${ms} ms`)), ms)
    socket.on(event, onEvent).on('error', onError).on('close', onClose)
  })
}
