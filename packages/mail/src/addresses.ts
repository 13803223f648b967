/** Who a mail comes from. */
export type Sender = { name: string; address: string }

/**
 * Addresses as people have them: no quoted local parts, no domain literals, nothing that means something in a header.
 * The lengths are those of RFC 5321, 4.5.3.1.
 */
const plain = /^[^\s\p{C}@,;:<>()[\]\\"]{1,64}@[^\s\p{C}@,;:<>()[\]\\"]{1,190}$/u

export const isAddress = (text: string): boolean => plain.test(text)

/** The addresses of a list with commas, each once, in the order they first come. */
export function readAddresses(list: string): string[] {
  const parts = list.split(',').map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}

/** An address, or a name and an address: `Waybill <waybill@example.com>`. Undefined for anything else. */
export function parseSender(text: string): Sender | undefined {
  const [, name = '', inner] = /^([^<>\p{C}]*)<([^<>]*)>$/u.exec(text.trim()) ?? []
  const address = inner ?? text.trim()
  return isAddress(address) ? { name: name.trim().replace(/^"(.*)"$/, '$1'), address } : undefined
}
