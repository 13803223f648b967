import { isIP } from 'node:net'

/** Whether a text names a DNS server: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. */
export function isDnsServer(text: string): boolean {
  if (isIP(text) !== 0) return true
  const [, v6, v4, port] = /^(?:\[(.*)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return false
  return v6 === undefined ? isIP(v4 ?? '') === 4 : isIP(v6) === 6
}
