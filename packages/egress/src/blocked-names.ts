/** Names that only mean something inside a network (RFC 6761, RFC 6762, RFC 8375, and what routers and clusters use). */
const INTERNAL_SUFFIXES = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'home.arpa',
  'lan',
  'svc',
]

/** A metadata service with a public-looking name (Google Cloud, "View and query VM metadata"). */
const METADATA = ['metadata.goog']

/** Whether a name, lower case and without a trailing dot, must not be looked up. Single labels never leave a network. */
export function isBlockedName(name: string): boolean {
  if (name === '' || !name.includes('.')) return true
  return [...INTERNAL_SUFFIXES, ...METADATA].some((suffix) => name === suffix || name.endsWith(`.${suffix}`))
}
