import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isBlockedName } from './blocked-names.ts'
import { isBlockedPort } from './blocked-ports.ts'

/** Says where Waybill may dial. Everything is judged by value, never by how it is written. */
export interface AddressPolicy {
  /** Whether an address may be dialled. Anything that is not a plain IPv4 or IPv6 address may not. */
  allowsAddress(ip: string): boolean
  /** Whether a host name may be looked up. What it resolves to is checked as well, each time. */
  allowsHostname(name: string): boolean
  /** Whether a port may be dialled at a host, an address or a name. */
  allowsPort(port: number, host: string): boolean
}

type Address = ReturnType<typeof ipaddr.parse>
type Range = ReturnType<typeof ipaddr.parseCIDR>

const LOOPBACK = ['127.0.0.0/8', '::1/128']

/** Only this block of IPv6 is handed out (IANA IPv6 Address Space, https://www.iana.org/assignments/ipv6-address-space). */
const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3')

/** Azure's host agent: a public address that every Azure machine can reach inside its own host (Microsoft Learn, "What is IP address 168.63.129.16?"). */
const AZURE_HOST = ipaddr.parse('168.63.129.16').toString()

/**
 * Allows global unicast addresses and, beyond these, what `allow` names: networks (`10.1.0.0/16`), addresses,
 * `loopback` (127.0.0.0/8, ::1 and the names localhost and *.localhost; `localhost` means the same), and host names.
 * A host name lifts the rule about names only; a private address it resolves to needs an entry of its own.
 *
 * @throws TypeError for an entry that is none of these
 */
export function createAddressPolicy({ allow }: { allow: readonly string[] }): AddressPolicy {
  const ranges: Range[] = []
  const names = new Set<string>()
  for (const entry of allow) readEntry(entry.trim().toLowerCase(), ranges, names)

  const isListed = (address: Address): boolean =>
    ranges.some((range) => range[0].kind() === address.kind() && address.match(range))
  const allowsAddress = (ip: string): boolean => {
    if (isIP(ip) === 0 || ip.includes('%')) return false
    const address = ipaddr.parse(ip)
    return isListed(address) || isGlobal(address)
  }
  const isNamed = (name: string): boolean => {
    const plain = plainName(name)
    if (names.has(plain)) return true
    if (plain !== 'localhost' && !plain.endsWith('.localhost')) return false
    return ['127.0.0.1', '::1'].some((ip) => isListed(ipaddr.parse(ip)))
  }
  return {
    allowsAddress,
    allowsHostname: (name) => isNamed(name) || !isBlockedName(plainName(name)),
    allowsPort: (port, host) => {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) return false
      if (!isBlockedPort(port)) return true
      return isIP(host) === 0 ? isNamed(host) : isListed(ipaddr.parse(host))
    },
  }
}

function readEntry(entry: string, ranges: Range[], names: Set<string>): void {
  if (entry === 'loopback' || entry === 'localhost') {
    ranges.push(...LOOPBACK.map((network) => ipaddr.parseCIDR(network)))
  } else if (isIP(entry) !== 0) {
    const address = ipaddr.parse(entry)
    ranges.push([address, address.kind() === 'ipv4' ? 32 : 128] as Range)
  } else if (isIP(entry.split('/')[0] ?? '') !== 0 && ipaddr.isValidCIDR(entry)) {
    ranges.push(ipaddr.parseCIDR(entry))
  } else if (/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(entry) && !/^[\d.]+$/.test(entry)) {
    names.add(entry)
  } else {
    throw new TypeError(
      `an allowed address is a network, an address, "loopback" or a host name, not "${entry}"`,
    )
  }
}

/** IPv6 that carries an IPv4 address (mapped, NAT64, 6to4, Teredo) lies outside or in a named range: denied as such. */
function isGlobal(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' ? address.toString() !== AZURE_HOST : address.match(GLOBAL_V6)
}

/** A name as it is compared: lower case, without the root's dot. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
