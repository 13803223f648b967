import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { decode, encode, RECURSION_AVAILABLE, type Packet } from 'dns-packet'

/** What a name answers: addresses (none is an empty answer), an error of DNS, or nothing at all. */
export type DnsAnswer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'silence'

export type TestDns = {
  /** As `address:port`. */
  address: string
  /** What was asked, in order, such as `receiver.example 4`. */
  questions: readonly string[]
  close(): Promise<void>
}

/** RCODEs of RFC 1035 §4.1.1, which stand in the lowest bits of a message's flags. */
const errors = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 } as const

/** A name server over UDP on 127.0.0.1 that asks `answerOf` at every question. Nothing it answers may be kept. */
export async function startDnsServer(answerOf: (name: string, family: 4 | 6) => DnsAnswer): Promise<TestDns> {
  const questions: string[] = []
  const server = createSocket('udp4', (message: Buffer, from: RemoteInfo) => {
    const query = decode(message)
    const [question] = query.questions ?? []
    if (question?.type !== 'A' && question?.type !== 'AAAA') return
    const name = question.name.toLowerCase()
    const family = question.type === 'A' ? 4 : 6
    questions.push(`${name} ${family}`)
    const answer = answerOf(name, family)
    if (answer !== 'silence') server.send(encode(reply(query, answer)), from.port, from.address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${server.address().port}`,
    questions,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

function reply(query: Packet, answer: Exclude<DnsAnswer, 'silence'>): Packet {
  const [question] = query.questions ?? []
  const isError = typeof answer === 'string'
  const family = question?.type === 'A' ? 4 : 6
  const addresses = isError ? [] : answer.filter((ip) => isIP(ip) === family)
  return {
    ...(query.id === undefined ? {} : { id: query.id }),
    type: 'response',
    flags: RECURSION_AVAILABLE | (isError ? errors[answer] : 0),
    questions: query.questions ?? [],
    answers: addresses.map((data) => ({
      type: family === 4 ? ('A' as const) : ('AAAA' as const),
      name: question?.name ?? '.',
      ttl: 0,
      data,
    })),
  }
}
