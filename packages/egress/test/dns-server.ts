import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'

/** What a name answers: addresses (none is an empty answer), an error code of DNS, or silence. */
export type DnsAnswer = string[] | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'silence'

const CODES = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 }
const TYPES = { 1: 4, 28: 6 } as Record<number, number>

/** A DNS server over UDP (RFC 1035) whose answers a test may change at any time. */
export async function startDns(answerOf: (name: string, family: 4 | 6) => DnsAnswer) {
  const questions: string[] = []
  const server = createSocket('udp4', (query, from) => {
    const { name, end } = readName(query)
    const family = TYPES[query.readUInt16BE(end)] as 4 | 6
    questions.push(`${name} ${family}`)
    const answer = answerOf(name, family)
    if (answer !== 'silence') server.send(reply(query, end + 4, family, answer), from.port, from.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${server.address().port}`,
    questions,
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function reply(
  query: Buffer,
  questionEnd: number,
  family: 4 | 6,
  answer: Exclude<DnsAnswer, 'silence'>,
): Buffer {
  const addresses = Array.isArray(answer) ? answer.filter((ip) => isIP(ip) === family) : []
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | (Array.isArray(answer) ? 0 : CODES[answer]), 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const records = addresses.map((ip) => {
    const data = family === 4 ? Buffer.from(ip.split('.').map(Number)) : bytesOfV6(ip)
    const fixed = Buffer.from([0xc0, 12, 0, family === 4 ? 1 : 28, 0, 1, 0, 0, 0, 0, 0, data.length])
    return Buffer.concat([fixed, data])
  })
  return Buffer.concat([header, query.subarray(12, questionEnd), ...records])
}

function bytesOfV6(ip: string): Buffer {
  const [head = '', tail = ''] = ip.split('::')
  const groups = (text: string) => (text ? text.split(':') : [])
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0')
  const all = [...groups(head), ...zeros, ...groups(tail)]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
