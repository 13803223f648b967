import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { createAddressPolicy, createGuardedLookup, createSender } from '../src/index.ts'

/** Sends to the URL without a descriptor left and again with some, and prints both outcomes: a status or a code. */
const [url = '', ...servers] = process.argv.slice(2)
const policy = createAddressPolicy({ allow: ['loopback'] })
const lookup = createGuardedLookup({ policy, ...(servers.length > 0 ? { servers } : {}) })
const sender = createSender({ policy, lookup })

async function outcome(): Promise<string> {
  const sent = await sender.send({ url, headers: {}, body: '{}', timeoutMs: 5_000 })
  return sent.kind === 'response' ? String(sent.status) : `${sent.phase} ${sent.code}`
}

function useUp(): number[] {
  const used: number[] = []
  try {
    for (;;) used.push(openSync(devNull, 'r'))
  } catch {
    return used
  }
}

const used = useUp()
const without = await outcome()
for (const descriptor of used) closeSync(descriptor)
const withSome = await outcome()
await sender.close()
process.stdout.write(`${JSON.stringify([without, withSome])}\n`)
