import { isIP } from 'node:net'
import type { AddressPolicy } from './address-policy.ts'

export type UrlErrorCode =
  | 'invalid_url'
  | 'url_too_long'
  | 'unsupported_scheme'
  | 'https_required'
  | 'userinfo_not_allowed'
  | 'fragment_not_allowed'
  | 'url_illegal_character'
  | 'blocked_host'
  | 'blocked_address'
  | 'blocked_port'

/** `url` is for looking at (its host shows punycode); store and dial the text that was checked, not `url.href`. */
export type UrlCheck = { ok: true; url: URL } | { ok: false; code: UrlErrorCode; message: string }

const MAX_LENGTH = 2_048

const MESSAGES: Record<UrlErrorCode, string> = {
  invalid_url: 'The URL is not a valid absolute URL such as https://example.com/hooks.',
  url_too_long: `The URL is longer than ${MAX_LENGTH} characters.`,
  unsupported_scheme: 'The URL must start with https:// or http://.',
  https_required: 'The URL must start with https://.',
  userinfo_not_allowed: 'The URL must not contain a user name or password.',
  fragment_not_allowed: 'The URL must not contain a fragment (#…).',
  url_illegal_character: 'The URL contains a blank, a control character or a backslash.',
  blocked_host: 'The URL names a host that is not on the public internet.',
  blocked_address: 'The URL names an address that is not on the public internet.',
  blocked_port: 'The URL names a port that must not be called.',
}

/** Controls, invisible and format characters, blanks, lone surrogates, the backslash: parsers drop or rewrite them unseen. */
const ILLEGAL = /[\p{Cc}\p{Cf}\p{Z}\p{Cs}\\]/u

/**
 * Checks a URL when it is saved: first the text as it came, then what a parser makes of its host. Names are not looked
 * up here; what they resolve to is checked at each connection.
 */
export function checkUrl(
  raw: string,
  policy: AddressPolicy,
  { requireHttps }: { requireHttps: boolean },
): UrlCheck {
  const early = checkText(raw, requireHttps)
  if (early) return refuse(early)
  if (!URL.canParse(raw)) return refuse('invalid_url')
  const url = new URL(raw)
  const late = checkParsed(url, policy)
  if (late) return refuse(late)
  // Parsers also read https:example.com and https:///example.com; a person never means that.
  if (!/^https?:\/\/[^/?]/i.test(raw)) return refuse('invalid_url')
  return { ok: true, url }
}

function refuse(code: UrlErrorCode): UrlCheck {
  return { ok: false, code, message: MESSAGES[code] }
}

function checkText(raw: string, requireHttps: boolean): UrlErrorCode | undefined {
  if (raw.length > MAX_LENGTH) return 'url_too_long'
  if (ILLEGAL.test(raw)) return 'url_illegal_character'
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(raw) ?? []
  if (scheme === undefined) return 'invalid_url'
  if (!/^https?$/i.test(scheme)) {
    // example.com:8443/x is a host without a scheme, not a scheme.
    return /^\d+([/?#]|$)/.test(rest) ? 'invalid_url' : 'unsupported_scheme'
  }
  const authority = /^\/*([^/?#]*)/.exec(rest)?.[1] ?? ''
  if (authority.includes('@')) return 'userinfo_not_allowed'
  if (raw.includes('#')) return 'fragment_not_allowed'
  if (requireHttps && scheme.toLowerCase() !== 'https') return 'https_required'
  return undefined
}

function checkParsed(url: URL, policy: AddressPolicy): UrlErrorCode | undefined {
  const host = hostOf(url)
  if (isIP(host) === 0 ? !policy.allowsHostname(host) : !policy.allowsAddress(host)) {
    return isIP(host) === 0 ? 'blocked_host' : 'blocked_address'
  }
  return policy.allowsPort(portOf(url), host) ? undefined : 'blocked_port'
}

/** A URL's host without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** A URL's port, also when it is the scheme's own and therefore not written. */
export function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}
