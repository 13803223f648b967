import { Resolver } from 'node:dns/promises'
import { closeSync, openSync } from 'node:fs'
import { isIP } from 'node:net'
import { devNull } from 'node:os'
import type { AddressPolicy } from './address-policy.ts'
import { classifyError } from './classify-error.ts'
import { EgressError } from './egress-error.ts'

export interface CheckedAddress {
  address: string
  family: 4 | 6
}

/**
 * Answers the addresses a host may be dialled at, all of them checked. Dial exactly these: looking the name up again
 * would let it point elsewhere.
 *
 * @throws EgressError `dns_not_found`, `dns_timeout`, `dns_failed`, `blocked_address` or `sender_exhausted`
 */
export type GuardedLookup = (host: string) => Promise<CheckedAddress[]>

export interface GuardedLookupOptions {
  policy: AddressPolicy
  /** DNS servers as `address` or `address:port`; default the system's. */
  servers?: readonly string[]
  /** Milliseconds for the whole lookup, default 1,500. */
  timeoutMs?: number
}

const LOCALHOST: CheckedAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/**
 * Makes a lookup that asks DNS itself: no hosts file, and none of the few threads that `getaddrinfo` shares with file
 * access, so a name that hangs delays nobody else. One answer that is not allowed refuses the whole name.
 */
export function createGuardedLookup({
  policy,
  servers,
  timeoutMs = 1_500,
}: GuardedLookupOptions): GuardedLookup {
  return async (host) => {
    const family = isIP(host)
    if (family !== 0) return checked(policy, host, [{ address: host, family: family as 4 | 6 }])
    if (!policy.allowsHostname(host)) throw blocked(host)
    if (/(^|\.)localhost\.?$/i.test(host)) {
      const allowed = LOCALHOST.filter(({ address }) => policy.allowsAddress(address))
      return checked(policy, host, allowed)
    }
    return checked(policy, host, await resolve(host, timeoutMs, servers))
  }
}

function checked(policy: AddressPolicy, host: string, found: CheckedAddress[]): CheckedAddress[] {
  if (found.length === 0 || found.some(({ address }) => !policy.allowsAddress(address))) throw blocked(host)
  return found
}

function blocked(host: string): EgressError {
  return new EgressError('blocked_address', 'dns', `${host} is not on the public internet`)
}

async function resolve(
  host: string,
  timeoutMs: number,
  servers?: readonly string[],
): Promise<CheckedAddress[]> {
  const until = performance.now() + timeoutMs
  let answers = await ask(host, timeoutMs, servers)
  if (isUnasked(answers)) {
    // Right before it asks again, which opens its socket at once: it is not for the lack of a descriptor that this one fails.
    proveDescriptor(host)
    answers = await ask(host, until - performance.now(), servers)
  }
  const found = answers.flatMap(({ addresses }) => addresses)
  // One family is enough: many names have no AAAA, and some servers answer that question with an error.
  if (found.length > 0) return found
  const codes = answers.map(({ code }) => code)
  if (codes.some((code) => LACKING.has(code))) {
    throw new EgressError(
      'sender_exhausted',
      'dns',
      `nothing left to look up ${host} with (${codes.join(', ')})`,
    )
  }
  if (codes.some((code) => LATE.has(code))) {
    throw new EgressError('dns_timeout', 'dns', `looking up ${host} took too long`)
  }
  if (codes.every((code) => ABSENT.has(code))) {
    throw new EgressError('dns_not_found', 'dns', `${host} has no address`)
  }
  throw new EgressError('dns_failed', 'dns', `looking up ${host} failed (${codes.join(', ')})`)
}

type Answer = { addresses: CheckedAddress[]; code: string }

async function ask(host: string, timeoutMs: number, servers?: readonly string[]): Promise<Answer[]> {
  // One for each lookup, because a resolver can only cancel all of its questions.
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  if (servers) resolver.setServers(servers)
  // The resolver's own timeout counts per server and per try; this one counts once.
  const timer = setTimeout(() => resolver.cancel(), timeoutMs)
  const answers = await Promise.all([
    answerOf(4, resolver.resolve4(host)),
    answerOf(6, resolver.resolve6(host)),
  ])
  clearTimeout(timer)
  return answers
}

/**
 * No server took the question. c-ares says so where they refuse it and where it has no descriptor for a socket; without
 * one it cannot read which servers there are either and asks this host.
 */
const isUnasked = (answers: readonly Answer[]): boolean =>
  answers.every(({ addresses }) => addresses.length === 0) &&
  answers.some(({ code }) => code === 'ECONNREFUSED')

function proveDescriptor(host: string): void {
  try {
    closeSync(openSync(devNull, 'r'))
  } catch (error) {
    const { code } = classifyError(error, 'connect')
    if (code === 'sender_exhausted')
      throw new EgressError(code, 'dns', `no descriptor left to look up ${host}`, { cause: error })
  }
}

const ABSENT = new Set(['ENOTFOUND', 'ENODATA', ''])
const LATE = new Set(['ETIMEOUT', 'ECANCELLED'])
/** Of this host: no memory, or a file of the resolver's that could not be read. */
const LACKING = new Set(['ENOMEM', 'EFILE'])

async function answerOf(family: 4 | 6, answer: Promise<string[]>): Promise<Answer> {
  try {
    return { addresses: (await answer).map((address): CheckedAddress => ({ address, family })), code: '' }
  } catch (error) {
    return { addresses: [], code: (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN' }
  }
}
